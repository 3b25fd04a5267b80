package vnet

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/sim/fib"
)

func TestPolicerCompute(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config PolicerConfig
		want   Policer
		err    error
	}{
		"packets per second": {PolicerConfig{CIR: 400, CB: 10, RateType: PolicerPPS},
			Policer{SingleRate: true, Scale: 19, CIRPerPeriod: 2705829, PIRPerPeriod: 1, CurrentLimit: 1024 << 19, CurrentBucket: 1024 << 19}, nil},
		"nothing passes":          {PolicerConfig{}, Policer{SingleRate: true}, nil},
		"two rates":               {PolicerConfig{CIR: 1000, EIR: 500, CB: 1, EB: 1, Type: Policer2R3C2698}, Policer{}, ErrInvalidValue},
		"excess with two colours": {PolicerConfig{CIR: 1000, CB: 1, EB: 1}, Policer{}, ErrInvalidValue},
		"unknown rate":            {PolicerConfig{CIR: 1000, CB: 1, RateType: 2}, Policer{}, ErrInvalidValue},
		"not supported":           {PolicerConfig{CIR: 1000, EIR: 1000, CB: 1, EB: 1, Type: PolicerMEF5CF1}, Policer{}, ErrInvalidValue},
		"capped": {PolicerConfig{CIR: 8000, CB: math.MaxUint64},
			Policer{SingleRate: true, CIRPerPeriod: 50, PIRPerPeriod: 1, CurrentLimit: math.MaxUint32, CurrentBucket: math.MaxUint32}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Policer{Config: c.config}
			err := p.compute()
			require.ErrorIs(t, err, c.err)
			if err == nil {
				c.want.Config = c.config
				require.Equal(t, c.want, p)
			}
		})
	}
}

func TestPolice(t *testing.T) {
	t.Parallel()
	one := Policer{Config: PolicerConfig{CIR: 8000, CB: 200, EB: 350, Type: Policer1R3C}}
	require.NoError(t, one.compute())
	two := Policer{Config: PolicerConfig{CIR: 8000, EIR: 16000, CB: 200, EB: 350, Type: Policer2R3C2698}}
	require.NoError(t, two.compute())
	for _, p := range []*Policer{&one, &two} {
		var got []int
		for _, now := range []uint64{1, 1, 1, 1, 3, 1000} {
			got = append(got, p.police(100, now))
		}
		require.Equal(t, []int{policeConform, policeConform, policeExceed, policeViolate, policeConform, policeConform}, got)
	}
}

func TestPuntPolicer(t *testing.T) {
	t.Parallel()
	for p, frame := range map[fib.Proto]string{
		fib.IP4: "02fe00000000020000000001 0800 4500001c000000004011 66cf 0a000002 0a000001 04d204d200080000",
		fib.IP6: "02fe00000000020000000001 86dd 6000000000081140 fd000000000000000000000000000002 fd000000000000000000000000000001 04d204d20008fc35",
	} {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			d := newBed(t)
			d.SetUDPPuntUnknown(p, true)
			policer, err := d.AddPolicer("punt", PolicerConfig{Actions: [3]PolicerAction{{Type: PolicerTransmit}}})
			require.NoError(t, err)
			_, err = d.AddPolicer("punt", PolicerConfig{})
			require.ErrorIs(t, err, ErrValueExist)
			d.PolicePunt(p, true, policer.Index)
			d.send("pg0", frame)
			require.Contains(t, d.errors(), p.String()+"-punt-policer: ip punt policer drop 1")
			require.EqualValues(t, 1, d.PolicerStats(policer.Index)[policeViolate].Packets)
			require.NoError(t, d.UpdatePolicer(policer.Index, PolicerConfig{CIR: 8000, CB: 2000, Actions: [3]PolicerAction{{Type: PolicerTransmit}}}))
			d.send("pg0", frame)
			require.EqualValues(t, 1, d.PolicerStats(policer.Index)[policeConform].Packets)
			d.PolicePunt(p, false, policer.Index)
			require.NoError(t, d.DeletePolicer(policer.Index))
			require.ErrorIs(t, d.DeletePolicer(policer.Index), ErrNoSuchEntry)
			d.send("pg0", frame)
			require.Contains(t, d.errors(), p.String()+"-punt-policer: ip punt policer drop 1")
		})
	}
}

func TestInterfacePolicer(t *testing.T) {
	t.Parallel()
	d := newBed(t)
	pg0 := d.itf("pg0").SwIfIndex
	frame := "02fe00000000020000000001 0800 4500001c000000004011 65ce 0a000002 0a000102 04d204d200080000"
	policer, err := d.AddPolicer("p", PolicerConfig{CIR: 8, CB: 50, Actions: [3]PolicerAction{{Type: PolicerMarkAndTransmit, DSCP: 46}}})
	require.NoError(t, err)
	require.NoError(t, d.ApplyPolicer(policer.Index, pg0, PolicerInput, true))
	d.send("pg0", frame)
	d.send("pg0", frame)
	out := d.sent("pg1")
	require.Len(t, out, 1)
	require.Equal(t, "45b8", out[0][28:32])
	requireChecksums(t, unhex(t, out[0]))
	require.Equal(t, [3]Counter{{Packets: 1, Bytes: 42}, {}, {Packets: 1, Bytes: 42}}, d.PolicerStats(policer.Index))
	require.NoError(t, d.ApplyPolicer(policer.Index, pg0, PolicerInput, false))
	d.send("pg0", frame)
	require.Len(t, d.sent("pg1"), 1)
}
