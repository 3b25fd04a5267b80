package ociimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// unpack reads an archive.
func unpack(t *testing.T, r io.Reader) (names []string, files map[string][]byte) {
	t.Helper()
	files = make(map[string][]byte)
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return names, files
		}
		require.NoError(t, err)
		b, err := io.ReadAll(in)
		require.NoError(t, err)
		require.True(t, h.ModTime.Unix() == 0 && h.Uid == 0 && h.Uname == "", h.Name)
		name := h.Name
		if h.Linkname != "" {
			name += " -> " + h.Linkname
		}
		names, files[h.Name] = append(names, name), b
	}
}

// follow returns a blob after comparing it with its descriptor.
func follow(t *testing.T, files map[string][]byte, d descriptor) []byte {
	t.Helper()
	b, ok := files[blobPath(d.Digest)]
	require.True(t, ok, d.Digest)
	require.Equal(t, d.Digest, digest(b))
	require.Len(t, b, d.Size)
	return b
}

func TestLayout(t *testing.T) {
	t.Parallel()
	var out, again bytes.Buffer
	image := VPPTwin("vpptwin:test", "amd64", []byte("binary"))
	require.NoError(t, image.Write(&out))
	require.NoError(t, image.Write(&again))
	require.Equal(t, out.Bytes(), again.Bytes(), "reproducible")

	_, files := unpack(t, &out)
	require.JSONEq(t, `{"imageLayoutVersion":"1.0.0"}`, string(files["oci-layout"]))
	var index, m manifest
	require.NoError(t, json.Unmarshal(files["index.json"], &index))
	require.Len(t, index.Manifests, 1)
	require.Equal(t, "vpptwin:test", index.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	require.NoError(t, json.Unmarshal(follow(t, files, index.Manifests[0]), &m))
	var c imageConfig
	require.NoError(t, json.Unmarshal(follow(t, files, *m.Config), &c))
	require.Equal(t, []string{"/usr/bin/vpptwin", "vpp"}, c.Config.Entrypoint)
	require.Len(t, m.Layers, 1)

	z, err := gzip.NewReader(bytes.NewReader(follow(t, files, m.Layers[0])))
	require.NoError(t, err)
	layer, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, []string{digest(layer)}, c.RootFS.DiffIDs)
	names, content := unpack(t, bytes.NewReader(layer))
	require.Equal(t, []string{"etc/", "etc/vpp/", "run/", "run/vpp/", "tmp/", "usr/", "usr/bin/", "usr/bin/vpp -> vpptwin", "usr/bin/vpptwin"}, names)
	require.Equal(t, "binary", string(content["usr/bin/vpptwin"]))

	var docker []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	require.NoError(t, json.Unmarshal(files["manifest.json"], &docker))
	require.Equal(t, []string{"vpptwin:test"}, docker[0].RepoTags)
	require.Equal(t, blobPath(m.Config.Digest), docker[0].Config)
	require.Equal(t, []string{blobPath(m.Layers[0].Digest)}, docker[0].Layers)
}
