package fakevpp

import (
	"errors"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// featureHandlers are the messages of src/vnet/feature/feature.api and
// src/vnet/gso/gso.api.
var featureHandlers = []handler{
	reply("feature_enable_disable", (*VPP).featureEnableDisable),
	replyWith("feature_is_enabled", (*VPP).featureIsEnabled),
	reply("feature_gso_enable_disable", (*VPP).featureGSOEnableDisable),
}

type featureEnableDisable struct {
	SwIfIndex            uint32
	Enable               bool
	ArcName, FeatureName string
}

// featureEnableDisable answers INVALID_VALUE for an unknown arc and for an
// unknown feature.
func (v *VPP) featureEnableDisable(_ *call, req *featureEnableDisable) error {
	err := v.dp.EnableFeature(req.ArcName, req.FeatureName, req.SwIfIndex, req.Enable)
	if errors.Is(err, vnet.ErrInvalidValue2) {
		return vnet.ErrInvalidValue
	}
	return err
}

type featureIsEnabled struct {
	ArcName, FeatureName string
	SwIfIndex            uint32
}

type featureIsEnabledReply struct{ IsEnabled bool }

// featureIsEnabled reports enabled for unknown names, too, as VPP does: it takes
// the error number for true.
func (v *VPP) featureIsEnabled(_ *call, req *featureIsEnabled, rep *featureIsEnabledReply) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	on, err := v.dp.FeatureEnabled(req.ArcName, req.FeatureName, req.SwIfIndex)
	rep.IsEnabled = on || err != nil
	return nil
}

type featureGSOEnableDisable struct {
	SwIfIndex     uint32
	EnableDisable bool
}

func (v *VPP) featureGSOEnableDisable(_ *call, req *featureGSOEnableDisable) error {
	return v.dp.EnableGSO(req.SwIfIndex, req.EnableDisable)
}
