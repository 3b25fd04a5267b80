package classify

import (
	"fmt"
	"strings"
)

// FormatSession renders a session as `show classify tables verbose` and traces
// have it, without the line's end (format_classify_entry).
func (t *Table) FormatSession(s *Session) string {
	return fmt.Sprintf("[%d]: next_index %d advance %d opaque %d action %d metadata %d\n        k: %x\n"+
		"        hits %d, last_heard %.2f", s.Offset, s.Next, s.Advance, int32(s.Opaque), s.Action, int32(s.Metadata),
		s.AppendKey(nil, t.Window()), s.Hits, s.LastHeard)
}

// FormatBuckets renders what the table holds; verbose 0 counts only, 2 shows
// free places, too (format_classify_table).
func (t *Table) FormatBuckets(verbose int) string {
	var b strings.Builder
	for i := range t.Buckets {
		v := t.Bucket(i)
		if len(v.Entries) == 0 {
			if verbose > 1 {
				fmt.Fprintf(&b, "[%d]: empty\n", i)
			}
			continue
		}
		if verbose > 0 {
			how := "normal"
			if v.Linear {
				how = "LINEAR"
			}
			fmt.Fprintf(&b, "[%d]: heap offset %d, elts %d, %s\n", i, v.Offset, len(v.Entries), how)
		}
		for k, s := range v.Entries {
			switch {
			case s != nil && verbose > 0:
				fmt.Fprintf(&b, "    %d: %s\n\n", k, t.FormatSession(s))
			case s == nil && verbose > 1:
				fmt.Fprintf(&b, "    %d: empty\n", k)
			}
		}
	}
	fmt.Fprintf(&b, "    %d active elements\n    %d free lists\n    %d linear-search buckets\n", t.Sessions, t.FreeLists, t.Linear)
	return b.String()
}
