package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/fakevpp/record"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

func (a *app) recordCommand() *cobra.Command {
	var vpp, listen, out, apiDir string
	c := &cobra.Command{
		Use:   "record",
		Short: "Write down what API clients and a VPP say to each other",
		Long: `record stands between any number of API clients and a VPP, real or double, and writes every message that passes
as a line of text, until it is interrupted. Clients are pointed at --listen instead of the VPP's socket.`,
		Example: `  vpptwin record --vpp /run/vpp/api.sock --listen /tmp/api.sock -o node.rec
  vpptwin replay node.rec --on double`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.record(c.Context(), vpp, listen, out, apiDir)
		},
	}
	c.Flags().StringVar(&vpp, "vpp", "/run/vpp/api.sock", "API socket of the VPP")
	c.Flags().StringVar(&listen, "listen", "", "socket to make for the clients")
	c.Flags().StringVarP(&out, "output", "o", "", "file for the recording (default: standard output)")
	c.Flags().StringVar(&apiDir, "api-dir", "", "directory of the VPP's *.api.json files (default: those of VPP 26.06)")
	_ = c.MarkFlagRequired("listen")
	return c
}

// catalog returns the API to read messages with.
func catalog(dir string) (*schema.Catalog, error) {
	if dir == "" {
		return schema.VPP2606(), nil
	}
	c, err := schema.APIFiles(dir, os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("--api-dir: %w", err)
	}
	return c, nil
}

func (a *app) record(ctx context.Context, vpp, listen, out, apiDir string) error {
	api, err := catalog(apiDir)
	if err != nil {
		return err
	}
	var w io.Writer = a.out
	if out != "" {
		f, err := os.Create(out)
		if err != nil {
			return err
		}
		defer f.Close()
		w = f
	}
	r, err := record.NewRecorder(vpp, listen, api, w)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = r.Close() }) // Serve returns
	defer stop()
	return r.Serve()
}
