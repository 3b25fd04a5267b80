package fakevpp

import (
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// policerHandlers are the messages of src/plugins/policer/policer.api.
var policerHandlers = []handler{
	replyWith("policer_add_del", (*VPP).policerAddDel),
	replyWith("policer_add", (*VPP).policerAdd),
	reply("policer_del", func(v *VPP, _ *call, req *policerIndex) error { return v.dp.DeletePolicer(req.PolicerIndex) }),
	reply("policer_update", (*VPP).policerUpdate),
	reply("policer_reset", func(v *VPP, _ *call, req *policerIndex) error { return v.dp.ResetPolicer(req.PolicerIndex) }),
	reply("policer_bind", (*VPP).policerBind),
	reply("policer_bind_v2", func(v *VPP, _ *call, req *policerBindV2) error {
		return v.bindPolicer(v.dp.Policer(req.PolicerIndex), req.BindEnable)
	}),
	reply("policer_input", func(v *VPP, _ *call, req *policerApply) error { return v.applyPolicer(req, vnet.PolicerInput) }),
	reply("policer_input_v2", func(v *VPP, _ *call, req *policerApplyV2) error { return v.applyPolicerV2(req, vnet.PolicerInput) }),
	reply("policer_output", func(v *VPP, _ *call, req *policerApply) error { return v.applyPolicer(req, vnet.PolicerOutput) }),
	reply("policer_output_v2", func(v *VPP, _ *call, req *policerApplyV2) error { return v.applyPolicerV2(req, vnet.PolicerOutput) }),
	dump("policer_dump", "policer_details", (*VPP).policerDump),
	dump("policer_dump_v2", "policer_details", (*VPP).policerDumpV2),
	reply("ip_punt_police", (*VPP).ipPuntPolice),
}

type policerAction struct{ Type, Dscp uint8 }

type policerConfig struct {
	Cir, Eir                                   uint32
	Cb, Eb                                     uint64
	RateType, RoundType, Type                  uint8
	ColorAware                                 bool
	ConformAction, ExceedAction, ViolateAction policerAction
}

func (c *policerConfig) config() vnet.PolicerConfig {
	out := vnet.PolicerConfig{CIR: c.Cir, EIR: c.Eir, CB: c.Cb, EB: c.Eb, RateType: c.RateType, Round: c.RoundType,
		Type: c.Type, ColorAware: c.ColorAware}
	for k, a := range [...]policerAction{c.ConformAction, c.ExceedAction, c.ViolateAction} {
		out.Actions[k] = vnet.PolicerAction{Type: a.Type, DSCP: a.Dscp}
	}
	return out
}

type policerIndex struct{ PolicerIndex uint32 }

type policerAddDel struct {
	IsAdd                                      bool
	Name                                       string
	Cir, Eir                                   uint32
	Cb, Eb                                     uint64
	RateType, RoundType, Type                  uint8
	ColorAware                                 bool
	ConformAction, ExceedAction, ViolateAction policerAction
}

// policerAddDel answers index ~0 to a deletion.
func (v *VPP) policerAddDel(_ *call, req *policerAddDel, rep *policerIndex) error {
	rep.PolicerIndex = invalidIndex
	if req.IsAdd {
		c := policerConfig{req.Cir, req.Eir, req.Cb, req.Eb, req.RateType, req.RoundType, req.Type, req.ColorAware,
			req.ConformAction, req.ExceedAction, req.ViolateAction}
		return v.addPolicer(req.Name, &c, rep)
	}
	p := v.dp.PolicerByName(req.Name)
	if p == nil {
		return vnet.ErrNoSuchEntry
	}
	return v.dp.DeletePolicer(p.Index)
}

type policerAdd struct {
	Name  string
	Infos policerConfig
}

func (v *VPP) policerAdd(_ *call, req *policerAdd, rep *policerIndex) error {
	rep.PolicerIndex = invalidIndex
	return v.addPolicer(req.Name, &req.Infos, rep)
}

func (v *VPP) addPolicer(name string, c *policerConfig, rep *policerIndex) error {
	p, err := v.dp.AddPolicer(name, c.config())
	if err == nil {
		rep.PolicerIndex = p.Index
	}
	return err
}

type policerUpdate struct {
	PolicerIndex uint32
	Infos        policerConfig
}

func (v *VPP) policerUpdate(_ *call, req *policerUpdate) error {
	return v.dp.UpdatePolicer(req.PolicerIndex, req.Infos.config())
}

type policerBind struct {
	Name        string
	WorkerIndex uint32
	BindEnable  bool
}

type policerBindV2 struct {
	PolicerIndex, WorkerIndex uint32
	BindEnable                bool
}

func (v *VPP) policerBind(_ *call, req *policerBind) error {
	return v.bindPolicer(v.dp.PolicerByName(req.Name), req.BindEnable)
}

// bindPolicer refuses every worker, because there are none.
func (v *VPP) bindPolicer(p *vnet.Policer, bind bool) error {
	switch {
	case p == nil:
		return vnet.ErrNoSuchEntry
	case bind:
		return vnet.ErrInvalidWorker
	}
	return nil
}

type policerApply struct {
	Name      string
	SwIfIndex uint32
	Apply     bool
}

type policerApplyV2 struct {
	PolicerIndex, SwIfIndex uint32
	Apply                   bool
}

func (v *VPP) applyPolicer(req *policerApply, dir int) error {
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	p := v.dp.PolicerByName(req.Name)
	if p == nil {
		return vnet.ErrNoSuchEntry
	}
	return v.dp.ApplyPolicer(p.Index, req.SwIfIndex, dir, req.Apply)
}

func (v *VPP) applyPolicerV2(req *policerApplyV2, dir int) error {
	if !v.interfaceExists(req.SwIfIndex) {
		return vnet.ErrInvalidSwIfIndex
	}
	return v.dp.ApplyPolicer(req.PolicerIndex, req.SwIfIndex, dir, req.Apply)
}

type policerDump struct {
	MatchNameValid bool
	MatchName      string
}

type policerDetails struct {
	Name                                       string
	Cir, Eir                                   uint32
	Cb, Eb                                     uint64
	RateType, RoundType, Type                  uint8
	ConformAction, ExceedAction, ViolateAction policerAction
	SingleRate, ColorAware                     bool
	Scale, CirTokensPerPeriod                  uint32
	PirTokensPerPeriod                         uint32
	CurrentLimit, CurrentBucket                uint32
	ExtendedLimit, ExtendedBucket              uint32
	LastUpdateTime                             uint64
}

func newPolicerDetails(p *vnet.Policer) *policerDetails {
	action := func(k int) policerAction { return policerAction{p.Config.Actions[k].Type, p.Config.Actions[k].DSCP} }
	name := p.Name
	if len(name) > 63 {
		name = name[:63]
	}
	return &policerDetails{Name: name, Cir: p.Config.CIR, Eir: p.Config.EIR, Cb: p.Config.CB, Eb: p.Config.EB,
		RateType: p.Config.RateType, RoundType: p.Config.Round, Type: p.Config.Type,
		ConformAction: action(0), ExceedAction: action(1), ViolateAction: action(2),
		SingleRate: p.SingleRate, ColorAware: p.Config.ColorAware, Scale: p.Scale,
		CirTokensPerPeriod: p.CIRPerPeriod, PirTokensPerPeriod: p.PIRPerPeriod,
		CurrentLimit: p.CurrentLimit, CurrentBucket: p.CurrentBucket,
		ExtendedLimit: p.ExtendedLimit, ExtendedBucket: p.ExtendedBucket, LastUpdateTime: p.LastUpdate}
}

func (v *VPP) policerDump(_ *call, req *policerDump, emit func(*policerDetails)) error {
	v.dp.Policers(func(p *vnet.Policer) {
		if !req.MatchNameValid || p.Name == strings.TrimRight(req.MatchName, "\x00") {
			emit(newPolicerDetails(p))
		}
	})
	return nil
}

func (v *VPP) policerDumpV2(_ *call, req *policerIndex, emit func(*policerDetails)) error {
	v.dp.Policers(func(p *vnet.Policer) {
		if req.PolicerIndex == invalidIndex || p.Index == req.PolicerIndex {
			emit(newPolicerDetails(p))
		}
	})
	return nil
}

type ipPuntPolice struct {
	PolicerIndex uint32
	IsAdd        bool
	IsIP6        bool `api:"is_ip6"`
}

func (v *VPP) ipPuntPolice(_ *call, req *ipPuntPolice) error {
	v.dp.PolicePunt(protoOf(req.IsIP6), req.IsAdd, req.PolicerIndex)
	return nil
}
