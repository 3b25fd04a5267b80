package fakevpp

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// Every handler must serve a message of the linked bindings or of VPP 26.06 and find each of
// its fields in at least one version; else a name is misspelt.
func TestHandlersFitTheirMessages(t *testing.T) {
	t.Parallel()
	sources, err := schema.Bindings()
	require.NoError(t, err)
	tab, err := newTable(append(sources, schema.VPP2606().Source()), allHandlers)
	require.NoError(t, err)
	names := make(map[string]bool)
	for _, h := range allHandlers {
		require.False(t, names[h.name], "%s has two handlers", h.name)
		names[h.name] = true
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			checkFit(t, tab, h)
		})
	}
}

func checkFit(t *testing.T, tab *table, h handler) {
	var req, rep []string
	found := 0
	for _, e := range tab.entries {
		if e == nil || e.Name != h.name {
			continue
		}
		tab.bound(e)
		require.True(t, e.handled, "%s: the handler does not fit", e.Key())
		if h.req == nil {
			found++
			continue
		}
		answer := e.rep
		if h.kind != kindReply {
			answer = tab.sibling(e, h.details)
		}
		req = common(t, found, req, e.Message, h.req, false)
		rep = common(t, found, rep, answer.Message, h.rep, true)
		found++
	}
	require.NotZero(t, found, "neither linked bindings nor VPP 26.06 have the message")
	require.Empty(t, req, "fields of %s that no version of %s has", h.req, h.name)
	require.Empty(t, rep, "fields of %s that no version of the answer has", h.rep)
}

// common keeps the fields that are missing in this version, too.
func common(t *testing.T, nth int, missing []string, m *schema.Message, typ reflect.Type, encode bool) []string {
	here, err := schema.Missing(m, typ, encode)
	require.NoError(t, err)
	if nth == 0 {
		return here
	}
	return slices.DeleteFunc(missing, func(name string) bool { return !slices.Contains(here, name) })
}

// memclnt's ids are the same on every VPP; a client relies on 15.
func TestFixedIDs(t *testing.T) {
	t.Parallel()
	tab, err := sharedTable([]string{"go.fd.io/govpp/binapi"})
	require.NoError(t, err)
	for id, name := range fixedIDs {
		if name != "" {
			require.Equal(t, name, tab.entries[id].Name)
			require.EqualValues(t, id, tab.entries[id].id)
		}
	}
	for id, e := range tab.entries {
		if e != nil {
			require.EqualValues(t, id, e.id)
		}
	}
}

// TestAnswersNameNoClient: answers with the header of a request, as
// ip_mtable_details is one, leave the client's index zero.
func TestAnswersNameNoClient(t *testing.T) {
	t.Parallel()
	c := call{client: &client{index: 7}, context: 5}
	c.begin(&entry{Message: &schema.Message{Kind: schema.Request}, id: 3})
	require.Equal(t, []byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 5}, c.out[frameHeader:])
}
