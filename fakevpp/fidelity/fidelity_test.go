package fidelity

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, d := range Differences() {
		t.Run(string(d.Kind)+" "+d.On+" "+d.What, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, d.What)
			require.NotEmpty(t, d.Why)
			require.NotEmpty(t, d.Since)
			_, err := d.Check()
			require.NoError(t, err)
		})
	}
}

// TestGone proves that a listed difference that does not exist fails the check.
func TestGone(t *testing.T) {
	t.Parallel()
	d := Difference{Kind: Command, On: "show interface", VPP: "local0 0 down 0/0/0/0",
		Observe: func(t *Twin) (string, error) { return t.Line("local0", "show interface") }}
	_, err := d.Check()
	require.ErrorContains(t, err, "the difference is gone")
}

func TestDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	text, err := Markdown()
	require.NoError(t, err)
	have, err := os.ReadFile("../../docs/fidelity.md")
	require.NoError(t, err)
	require.Equal(t, text, string(have), "docs/fidelity.md is out of date: run make fidelity")
}

// TestNames checks that differences name what exists.
func TestNames(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	sections, _, err := catalog()
	require.NoError(t, err)
	for _, s := range sections {
		for _, i := range s.items {
			known[string(s.kind)+" "+i.name(s.kind)] = true
		}
	}
	for _, d := range Differences() {
		if d.Kind == Message || d.Kind == Command {
			require.True(t, known[string(d.Kind)+" "+d.On], "%s %s is unknown", d.Kind, d.On)
		}
	}
}

// TestReasons demands a reason for every group in which something is absent.
func TestReasons(t *testing.T) {
	t.Parallel()
	sections, _, err := catalog()
	require.NoError(t, err)
	for _, s := range sections {
		for _, i := range s.items {
			if i.Absent {
				require.NotEmpty(t, reasonFor(s.kind, i.Group), "%s %s: say why it is absent", s.kind, i.Group)
			}
		}
	}
}
