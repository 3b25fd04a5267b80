package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// pgHandlers are the messages of src/vnet/pg/pg.api.
var pgHandlers = []handler{
	replyWith("pg_create_interface", (*VPP).pgCreateInterface),
	replyWith("pg_create_interface_v2", (*VPP).pgCreateInterfaceV2),
	replyWith("pg_create_interface_v3", (*VPP).pgCreateInterfaceV3),
	reply("pg_delete_interface", (*VPP).pgDeleteInterface),
	reply("pg_interface_enable_disable_coalesce", (*VPP).pgInterfaceEnableDisableCoalesce),
	reply("pg_capture", (*VPP).pgCapture),
	reply("pg_enable_disable", (*VPP).pgEnableDisable),
}

type pgCreate struct {
	InterfaceID uint32 `api:"interface_id"`
	GsoEnabled  bool
	GsoSize     uint32
}

func (v *VPP) pgCreateInterface(_ *call, req *pgCreate, rep *swIfIndexReply) error {
	return v.createPG(vnet.PGConfig{ID: req.InterfaceID, GSO: req.GsoEnabled, GSOSize: req.GsoSize}, rep)
}

type pgCreateV2 struct {
	pgCreate
	Mode uint8
}

func (v *VPP) pgCreateInterfaceV2(_ *call, req *pgCreateV2, rep *swIfIndexReply) error {
	return v.createPG(vnet.PGConfig{ID: req.InterfaceID, GSO: req.GsoEnabled, GSOSize: req.GsoSize,
		Mode: vnet.PGMode(req.Mode)}, rep)
}

// Flags of pg_create_interface_v3 (pg_interface_flags in pg.api).
const (
	pgFlagChecksum = 1 << iota
	pgFlagGSO
	pgFlagCoalesce
)

type pgCreateV3 struct {
	InterfaceID uint32 `api:"interface_id"`
	PgFlags     uint32
	GsoSize     uint32
	Mode        uint8
}

// pgCreateInterfaceV3 prefers the checksum offload where both it and GSO are
// asked for, as VPP does.
func (v *VPP) pgCreateInterfaceV3(_ *call, req *pgCreateV3, rep *swIfIndexReply) error {
	c := vnet.PGConfig{ID: req.InterfaceID, Mode: vnet.PGMode(req.Mode)}
	switch {
	case req.PgFlags&pgFlagChecksum != 0:
		c.Checksum = true
	case req.PgFlags&pgFlagGSO != 0:
		c.GSO, c.GSOSize, c.Coalesce = true, req.GsoSize, req.PgFlags&pgFlagCoalesce != 0
	}
	return v.createPG(c, rep)
}

// createPG creates or finds an interface. A mode that does not exist is refused
// here; VPP goes on with an interface that has no device.
func (v *VPP) createPG(c vnet.PGConfig, rep *swIfIndexReply) error {
	rep.SwIfIndex = invalidIndex
	if c.Mode > vnet.PGIP6 {
		return vnet.ErrInvalidValue
	}
	i, err := v.dp.AddOrGetPG(c)
	if err != nil {
		return err
	}
	rep.SwIfIndex = i.SwIfIndex
	return nil
}

func (v *VPP) pgDeleteInterface(_ *call, req *swIfIndexOnly) error {
	return v.dp.DeletePG(req.SwIfIndex)
}

type pgCoalesce struct {
	SwIfIndex       uint32
	CoalesceEnabled bool
}

func (v *VPP) pgInterfaceEnableDisableCoalesce(_ *call, req *pgCoalesce) error {
	return v.dp.SetPGCoalesce(req.SwIfIndex, req.CoalesceEnabled)
}

type pgCapture struct {
	InterfaceID  uint32 `api:"interface_id"`
	IsEnabled    bool
	Count        uint32
	PcapFileName string
}

// pgCapture does nothing for an interface that does not exist, as in VPP.
func (v *VPP) pgCapture(_ *call, req *pgCapture) error {
	i := v.dp.PG(req.InterfaceID)
	if i == nil {
		return nil
	}
	if !req.IsEnabled {
		return v.dp.CapturePG(i.SwIfIndex, "", 0)
	}
	return v.dp.CapturePG(i.SwIfIndex, req.PcapFileName, req.Count)
}

type pgEnable struct {
	IsEnabled  bool
	StreamName string
}

// pgEnableDisable means all streams when it names none, or one that does not
// exist.
func (v *VPP) pgEnableDisable(_ *call, req *pgEnable) error {
	v.dp.EnablePG(v.dp.PGStream(req.StreamName), req.IsEnabled)
	return nil
}
