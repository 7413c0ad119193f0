package si321x

import (
	"math"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
)

func mustPlan(t *testing.T, e slic.Electrical, o Opts, f family) plan {
	t.Helper()
	p, err := planFor(e.WithDefaults(), o.withDefaults(), f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p plan) get(n byte) int {
	for _, d := range p.directs {
		if d.n == n {
			return int(d.v)
		}
	}
	return -1
}

func TestPlanDefaults(t *testing.T) {
	p := mustPlan(t, slic.Electrical{}, Opts{}, newFamily)
	for n, want := range map[byte]int{
		drPCM: 0x3C, drTxLow: 0, drAudioGain: 0, drImpedance: 0x08, drRingOsc: 0, drLoopDeb: 8,
		drTripDeb: 0x0B, drLimit: 1, drOnHook: 32, drBatHigh: 48, drBatLow: 16,
	} {
		if got := p.get(n); got != want {
			t.Errorf("DR%d = %#02x, want %#02x", n, got, want)
		}
	}
	if len(p.notes) != 0 {
		t.Errorf("the defaults raise notes: %q", p.notes)
	}
}

func TestLoopCurrent(t *testing.T) {
	for milli, want := range map[int]int{18: 0, 20: 0, 21: 0, 22: 1, 23: 1, 25: 2, 32: 4, 41: 7} {
		e := slic.Electrical{LoopCurrent: physic.ElectricCurrent(milli) * physic.MilliAmpere}
		if got := mustPlan(t, e, Opts{}, newFamily).get(drLimit); got != want {
			t.Errorf("%d mA: DR71 = %d, want %d", milli, got, want)
		}
	}
}

// TestSupply checks VBATH >= peak + 7.5 V and VBATH >= VOC + VCM + VOV, and that
// ringing stays above the on-hook voltage and within what the board can give.
func TestSupply(t *testing.T) {
	for ring := 20; ring <= 100; ring += 5 {
		for hook := 24; hook <= 56; hook += 4 {
			for _, board := range []physic.ElectricPotential{60, 75, 94} {
				e := slic.Electrical{RingVoltage: physic.ElectricPotential(ring) * physic.Volt, OnHookVoltage: physic.ElectricPotential(hook) * physic.Volt}
				p := mustPlan(t, e, Opts{BatteryHigh: board * physic.Volt}, oldFamily)
				c := float64(int16(p.indirects[irRingCoeff])) / 32768
				peak := float64(p.indirects[irRingAmplitude]) / 32768 * 96 * 4 / math.Sqrt((1-c)/(1+c))
				high, voc := 1.5*float64(p.get(drBatHigh)), 1.5*float64(p.get(drOnHook))
				if high > float64(board) || high < peak+7.5-2 || voc >= peak {
					t.Errorf("ring %d V, on hook %d V, board %d V: VBATH %.1f, peak %.1f, VOC %.1f", ring, hook, board, high, peak, voc)
				}
				if asked := float64(ring) * math.Sqrt2; peak < asked-1 && len(p.notes) == 0 {
					t.Errorf("ring %d V became %.1f V peak without a note", ring, peak)
				}
			}
		}
	}
}

func TestGainsExact(t *testing.T) {
	for dB, want := range map[float64]uint16{0: 0x4000, -6: 0x2013, 6: 0x7FB2, -12: 0x1013, 3: 0x5A67} {
		p := mustPlan(t, slic.Electrical{ToPhoneGain: dB, FromPhoneGain: -dB / 2}, Opts{}, newFamily)
		if got := p.indirects[irToPhoneGain]; got != want {
			t.Errorf("%v dB: DACG = %04X, want %04X", dB, got, want)
		}
		if got := 20 * math.Log10(float64(p.indirects[irFromPhoneGain])/0x4000); math.Abs(got+dB/2) > 0.003 {
			t.Errorf("%v dB: ADCG is %.4f dB", -dB/2, got)
		}
	}
}

func TestImpedance(t *testing.T) {
	for _, tt := range []struct {
		z    slic.Impedance
		f    family
		o    Opts
		code int
		note string
	}{
		{slic.Z600, newFamily, Opts{}, 0x08, ""},
		{slic.Z900, newFamily, Opts{}, 0x09, ""},
		{slic.Z270_750, newFamily, Opts{}, 0x0C, ""},
		{slic.Z220_820a, oldFamily, Opts{}, 0x0D, ""},
		{slic.Z220_820g, oldFamily, Opts{}, 0x0E, ""},
		{slic.Z370_620, oldFamily, Opts{}, 0x0F, ""},
		{slic.Z200_680, newFamily, Opts{}, 0x0F, ""},
		{slic.Z200_680, oldFamily, Opts{}, 0x0E, "using 220+(820||115nF)"},
		{slic.Z370_620, newFamily, Opts{}, 0x0C, "using 270+(750||150nF)"},
		{slic.Z600C1u, newFamily, Opts{SeriesCapacitor: true}, 0x0A, ""},
		{slic.Z600C1u, newFamily, Opts{}, 0x08, "using 600"},
		{slic.Z600C2u16, oldFamily, Opts{SeriesCapacitor: true}, 0x0A, ""},
		{slic.Z600C2u16, newFamily, Opts{}, 0x08, "using 600"},
		{slic.Z900C2u16, newFamily, Opts{SeriesCapacitor: true}, 0x0B, ""},
		{slic.Z320_1050, newFamily, Opts{}, 0x0C, "using 270+(750||150nF)"},
	} {
		p := mustPlan(t, slic.Electrical{Impedance: tt.z}, tt.o, tt.f)
		notes := strings.Join(p.notes, "; ")
		if got := p.get(drImpedance); got != tt.code || !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
			t.Errorf("%s on a %s: DR10 = %#02x, notes %q, want %#02x, %q", tt.z, tt.f, got, notes, tt.code, tt.note)
		}
	}
}

func TestPlanSlots(t *testing.T) {
	p := mustPlan(t, slic.Electrical{}, Opts{TxStart: 257, RxStart: 1023, Companding: ALaw}, newFamily)
	if p.get(drTxLow) != 1 || p.get(drTxHigh) != 1 || p.get(drRxLow) != 0xFF || p.get(drRxHigh) != 3 || p.get(drPCM) != 0x20 {
		t.Errorf("slots %v", p.directs)
	}
}

// TestIndirectTable checks that no address is used twice in a family and that
// each family's registers are complete.
func TestIndirectTable(t *testing.T) {
	for f, want := range map[family]int{oldFamily: 50, newFamily: 34} {
		seen := map[byte]indirect{}
		for r := indirect(0); r < irCount; r++ {
			if a, ok := f.addr(r); ok {
				if other, twice := seen[a]; twice {
					t.Errorf("%s: IR%d is both %d and %d", f, a, r, other)
				}
				seen[a] = r
			}
		}
		if len(seen) != want {
			t.Errorf("%s has %d indirect registers, want %d", f, len(seen), want)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Opts{
		"variant":          {Variant: 9},
		"slot":             {TxStart: 1024},
		"negative slot":    {RxStart: -1},
		"battery":          {BatteryHigh: 100 * physic.Volt},
		"low battery":      {BatteryLow: 5 * physic.Volt},
		"speed":            {Speed: 20 * physic.MegaHertz},
		"debounce":         {HookDebounce: 200e6},
		"companding":       {Companding: 3},
		"period alone":     {ConverterPeriod: 5000},
		"period of MOSFET": {Converter: MOSFET, ConverterPeriod: 12000},
		"period of BJT":    {Converter: BJT, ConverterPeriod: 5000},
	} {
		if err := o.withDefaults().validate(); err == nil {
			t.Errorf("%s: %+v is accepted", name, o)
		}
	}
	for _, tt := range []struct {
		o        Opts
		reported Converter
		want     byte
	}{
		{Opts{}, BJT, 0xFF},
		{Opts{}, MOSFET, 0x7F},
		{Opts{Converter: BJT}, MOSFET, 0xFF},
		{Opts{Converter: MOSFET, ConverterPeriod: 3906}, BJT, 0x40},
		{Opts{Converter: BJT, ConverterPeriod: 15564}, BJT, 0xFF},
		{Opts{Converter: BJT, ConverterPeriod: 11719}, BJT, 0xC0},
	} {
		if err := tt.o.withDefaults().validate(); err != nil {
			t.Errorf("%+v: %v", tt.o, err)
		}
		if got := tt.o.period(tt.reported); got != tt.want {
			t.Errorf("%+v: DR92 = %#02x, want %#02x", tt.o, got, tt.want)
		}
	}
}
