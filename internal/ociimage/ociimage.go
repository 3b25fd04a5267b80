// Package ociimage writes a container image of static files as one archive
// without a container engine: an OCI image layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) that
// `docker load` takes as well, because it has Docker's manifest.json beside.
//
// The same input gives the same bytes: no times, no names of users, files in
// order.
package ociimage

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
)

// Media types of the image specification.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// File is an entry of the image's only layer.
type File struct {
	Name string // without a leading slash
	Mode int64  // permission bits
	Data []byte
	Link string // target of a symbolic link; Data is unused
	Dir  bool
}

// Image is what goes into the archive.
type Image struct {
	Name         string // "vpptwin:latest"
	Architecture string // of Go, "amd64"
	Files        []File
	Entrypoint   []string
	Cmd          []string
	Labels       map[string]string
}

// descriptor points to a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        *descriptor  `json:"config,omitempty"`
	Layers        []descriptor `json:"layers,omitempty"`
	Manifests     []descriptor `json:"manifests,omitempty"`
}

type imageConfig struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Config       struct {
		Entrypoint []string
		Cmd        []string
		Env        []string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// Write writes the archive.
func (i *Image) Write(w io.Writer) error {
	a := archive{tar: tar.NewWriter(w)}
	if err := i.write(&a); err != nil {
		return fmt.Errorf("writing image %s: %w", i.Name, err)
	}
	return nil
}

func (i *Image) write(a *archive) error {
	layer, err := i.layer()
	if err != nil {
		return err
	}
	packed, err := compress(layer)
	if err != nil {
		return err
	}
	c := imageConfig{Architecture: i.Architecture, OS: "linux"}
	c.Config.Entrypoint, c.Config.Cmd, c.Config.Labels = i.Entrypoint, i.Cmd, i.Labels
	c.Config.Env = []string{"PATH=/usr/bin"}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{digest(layer)}

	a.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	config := a.json(mediaConfig, c)
	layers := []descriptor{a.blob(mediaLayer, packed)}
	m := a.json(mediaManifest, manifest{SchemaVersion: 2, MediaType: mediaManifest, Config: &config, Layers: layers})
	m.Annotations = map[string]string{"io.containerd.image.name": i.Name, "org.opencontainers.image.ref.name": i.Name}
	a.plain("index.json", manifest{SchemaVersion: 2, MediaType: mediaIndex, Manifests: []descriptor{m}})
	a.plain("manifest.json", []map[string]any{{"Config": blobPath(config.Digest), "RepoTags": []string{i.Name}, "Layers": []string{blobPath(layers[0].Digest)}}})
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.err
}

// layer returns the files as a tar archive.
func (i *Image) layer() ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, f := range i.Files {
		h := &tar.Header{Name: f.Name, Mode: f.Mode, Size: int64(len(f.Data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		switch {
		case f.Dir:
			h.Typeflag, h.Name = tar.TypeDir, f.Name+"/"
		case f.Link != "":
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.Link, 0
		}
		if err := t.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if h.Size > 0 {
			if _, err := t.Write(f.Data); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func compress(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func blobPath(digest string) string { return "blobs/sha256/" + digest[len("sha256:"):] }

// archive is the outer archive; it remembers the first error.
type archive struct {
	tar *tar.Writer
	err error
}

func (a *archive) file(name string, data []byte) {
	if a.err == nil {
		a.err = a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR})
	}
	if a.err == nil {
		_, a.err = a.tar.Write(data)
	}
}

func (a *archive) blob(mediaType string, data []byte) descriptor {
	d := descriptor{MediaType: mediaType, Digest: digest(data), Size: len(data)}
	a.file(blobPath(d.Digest), data)
	return d
}

func (a *archive) json(mediaType string, v any) descriptor {
	b, err := json.Marshal(v)
	if a.err == nil {
		a.err = err
	}
	return a.blob(mediaType, b)
}

func (a *archive) plain(name string, v any) {
	b, err := json.Marshal(v)
	if a.err == nil {
		a.err = err
	}
	a.file(name, b)
}
