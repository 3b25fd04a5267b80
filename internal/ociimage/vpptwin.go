package ociimage

// VPPTwin is the image that takes the place of one with VPP: the binary is
// /usr/bin/vpptwin and /usr/bin/vpp, and the image starts it as VPP in the
// foreground with its sockets below /run/vpp.
func VPPTwin(name, arch string, binary []byte) *Image {
	return &Image{Name: name, Architecture: arch,
		Files: []File{
			{Name: "etc", Mode: 0o755, Dir: true},
			{Name: "etc/vpp", Mode: 0o755, Dir: true},
			{Name: "run", Mode: 0o755, Dir: true},
			{Name: "run/vpp", Mode: 0o755, Dir: true},
			{Name: "tmp", Mode: 0o1777, Dir: true},
			{Name: "usr", Mode: 0o755, Dir: true},
			{Name: "usr/bin", Mode: 0o755, Dir: true},
			{Name: "usr/bin/vpp", Mode: 0o777, Link: "vpptwin"},
			{Name: "usr/bin/vpptwin", Mode: 0o755, Data: binary},
		},
		Entrypoint: []string{"/usr/bin/vpptwin", "vpp"},
		Cmd:        []string{"unix", "{", "nodaemon", "nosyslog", "cli-listen", "/run/vpp/cli.sock", "}"},
		Labels:     map[string]string{"org.opencontainers.image.title": "vpptwin"},
	}
}
