package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// api judges the messages that VPPs have received.
func (r *run) api(ctx context.Context, a *APISpec) (o outcome) {
	for _, n := range r.nodes(a.Node) {
		calls, err := r.bed.APICalls(ctx, n)
		if err != nil {
			o.fail(fmt.Sprintf("%s: %v", n, err))
			continue
		}
		if !slices.ContainsFunc(calls, func(c APICall) bool { return c.Count > 0 }) {
			o.fail(n + ": VPP has received no message at all")
		}
		if a.Message != "" && !slices.ContainsFunc(calls, func(c APICall) bool { return c.Message == a.Message }) {
			o.fail(fmt.Sprintf("%s: VPP has no message %q; expected the name of a request, such as ip_route_add_del", n, a.Message))
		}
		var since []APICall
		if a.Since != "" {
			since = r.calls[a.Since+" "+n]
		}
		count, errs, which := a.count(calls, since)
		if a.Count != nil && !a.Count.has(count) {
			o.fail(fmt.Sprintf("%s: VPP received %d messages; expected %s: %s", n, count, a.Count, which))
		}
		if a.Errors != nil && !a.Errors.has(errs) {
			o.fail(fmt.Sprintf("%s: VPP answered %d messages with an error; expected %s: %s", n, errs, a.Errors, which))
		}
		if a.Save != "" {
			r.calls[a.Save+" "+n] = calls
		}
		o.summary = fmt.Sprintf("%d messages, %d errors", count, errs)
	}
	return o
}

// count adds up the messages that the spec means, less those in since, and lists them.
func (a *APISpec) count(calls, since []APICall) (count, errs int, which string) {
	var list []string
	for _, c := range calls {
		if a.Message != "" && c.Message != a.Message || a.Writes && !c.Write {
			continue
		}
		n, e := c.Count, c.Errors
		if i := slices.IndexFunc(since, func(s APICall) bool { return s.Message == c.Message }); i >= 0 {
			n, e = n-since[i].Count, e-since[i].Errors
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("%s %d (%d errors)", c.Message, n, e))
		}
		count, errs = count+n, errs+e
	}
	return count, errs, orText(strings.Join(list, ", "), "none")
}
