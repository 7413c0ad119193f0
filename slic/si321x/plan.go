package si321x

import (
	"fmt"
	"math"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/slic"
)

// ringOverhead is what the supply must exceed the ringing peak by. Si3215 data
// sheet §2.5.5.
const ringOverhead = 7.5

// direct is a value of a direct register.
type direct struct{ n, v byte }

// plan is what the electrical settings and the options come to in registers.
type plan struct {
	directs   []direct
	indirects [irCount]uint16
	battery   float64  // volts that the supply reaches with the line open
	notes     []string // what could not be had exactly as asked
}

func volts(v physic.ElectricPotential) float64 { return float64(v) / float64(physic.Volt) }

// planFor computes the registers. e is complete and valid.
func planFor(e slic.Electrical, o Opts, f family) (plan, error) {
	var p plan
	for r := range p.indirects {
		p.indirects[r] = indirectSpecs[r].value
	}
	if o.Si3201 {
		for r, v := range withSi3201 {
			p.indirects[r] = v
		}
	}
	if err := p.impedance(e.Impedance, o, f); err != nil {
		return plan{}, err
	}
	peak := p.ringing(e, o)
	p.feed(e, o, peak)
	p.codec(e, o)
	p.set(drLoopDeb, byte((o.HookDebounce+debounceStep/2)/debounceStep))
	return p, nil
}

func (p *plan) set(n, v byte) { p.directs = append(p.directs, direct{n, v}) }

func (p *plan) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// ringing sets the ring oscillator and ring trip and returns the peak voltage.
func (p *plan) ringing(e slic.Electrical, o Opts) float64 {
	factor := math.Sqrt2
	if e.RingWaveform == slic.Trapezoid {
		factor = crest
	}
	hertz := float64(e.RingFrequency) / float64(physic.Hertz)
	peak := volts(e.RingVoltage) * factor
	if most := volts(o.BatteryHigh) - ringOverhead; peak > most {
		p.note("ring voltage of %v needs more than the supply of %v, ringing with %.1f V",
			e.RingVoltage, o.BatteryHigh, most/factor)
		peak = most
	}
	p.oscillator(e.RingWaveform, hertz, peak)
	nrtp, rtdi := tripFor(hertz)
	p.indirects[irTripFilter], p.indirects[irRingTrip] = nrtp, tripThreshold(peak)
	p.set(drTripDeb, rtdi)
	return peak
}

func (p *plan) oscillator(w slic.Waveform, hertz, peak float64) {
	ir := &p.indirects
	if w == slic.Trapezoid {
		ir[irRingCoeff], ir[irRingAmplitude], ir[irRingPhase] = ringTrapezoid(hertz, peak)
		p.set(drRingOsc, 0x01)
		return
	}
	ir[irRingCoeff], ir[irRingAmplitude] = ringSine(hertz, peak)
	p.set(drRingOsc, 0x00)
}

// feed sets the loop current, the on-hook voltage and the supply. The on-hook
// voltage stays below the ringing peak, which the chip requires.
func (p *plan) feed(e slic.Electrical, o Opts, peak float64) {
	milli := float64(e.LoopCurrent) / float64(physic.MilliAmpere)
	p.set(drLimit, byte(math.Round(math.Max(0, math.Min(7, (milli-20)/3)))))

	onHook := volts(e.OnHookVoltage)
	if onHook > peak-1.5 {
		onHook = peak - 1.5
		p.note("on-hook voltage of %v must stay below the ringing peak of %.1f V", e.OnHookVoltage, peak)
	}
	steps := math.Round(onHook/1.5 - 0.01)
	p.set(drOnHook, byte(steps))
	p.set(drCommon, commonVolts)

	need := math.Max(peak+ringOverhead, steps*1.5+commonVolts*1.5+overheadVolts)
	high := math.Min(math.Ceil(need/1.5-1e-6), math.Floor(volts(o.BatteryHigh)/1.5))
	p.set(drBatHigh, byte(high))
	p.set(drBatLow, byte(math.Round(math.Min(volts(o.BatteryLow)/1.5, high))))
	p.battery = high * 1.5
}

// codec sets companding, slots and gains. DACG and ADCG are linear, 0x4000 is
// 0 dB. Si3215 data sheet §4.
func (p *plan) codec(e slic.Electrical, o Opts) {
	p.set(drTxLow, byte(o.TxStart))
	p.set(drTxHigh, byte(o.TxStart>>8))
	p.set(drRxLow, byte(o.RxStart))
	p.set(drRxHigh, byte(o.RxStart>>8))
	p.set(drPCM, pcmMode[o.Companding])
	p.set(drAudioGain, 0)
	p.indirects[irToPhoneGain] = digitalGain(e.ToPhoneGain)
	p.indirects[irFromPhoneGain] = digitalGain(e.FromPhoneGain)
}

func digitalGain(dB float64) uint16 {
	return uint16(math.Round(0x4000 * math.Pow(10, dB/20)))
}
