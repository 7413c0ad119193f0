package agent

import (
	"fmt"
	"slices"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// nation is a line's country with the configuration's changes to it.
type nation struct {
	country *country.Country
	plan    *dialplan.Plan
	scheme  *callerid.Scheme // of telling who calls, nil = none
}

// newNation makes the nation of a line, without what its port cannot do.
func newNation(cfg *config.Line, caps slic.Caps) (*nation, error) {
	base, ok := country.Lookup(cfg.SLIC.Country)
	if !ok {
		return nil, fmt.Errorf("unknown country %q", cfg.SLIC.Country)
	}
	c := *base
	if cfg.Hook.FlashMin != 0 {
		c.Hook.FlashMin = cfg.Hook.FlashMin.Duration()
	}
	if cfg.Hook.FlashMax != 0 {
		c.Hook.FlashMax = cfg.Hook.FlashMax.Duration()
	}
	if len(cfg.Ring.Cadence) > 0 {
		c.Ring = nil
		for _, d := range cfg.Ring.Cadence {
			c.Ring = append(c.Ring, d.Duration())
		}
	}
	if cfg.SLIC.OpenLoopTime != 0 {
		c.CPC = cfg.SLIC.OpenLoopTime.Duration()
	}
	if !cfg.SLIC.OpenLoop || !caps.OpenLoop {
		c.CPC = 0
	}
	if cfg.CallerID.Scheme != "" {
		c.CallerID = cfg.CallerID.Scheme
	}
	if !cfg.CallerID.Enabled || !caps.OnHookTransmit {
		c.CallerID = ""
	}
	scheme, _ := callerid.Lookup(c.CallerID)
	c.Emergency = append(slices.Clone(c.Emergency), cfg.Emergency.Numbers...)
	text, syntax := cfg.Dial.Plan, cfg.Dial.PlanSyntax()
	if text == "" {
		text, syntax = c.DialPlan, dialplan.Sipura
	}
	plan, err := dialplan.Parse(text, syntax)
	if err != nil {
		return nil, fmt.Errorf("dial plan: %w", err)
	}
	plan = plan.WithEmergency(c.Emergency...).
		WithTimers(cfg.Dial.InterdigitLong.Duration(), cfg.Dial.InterdigitShort.Duration())
	if cfg.Dial.HashDials {
		plan = plan.WithDialKey('#')
	}
	return &nation{&c, plan, scheme}, nil
}

// electrical is what the line asks of its port.
func (n *nation) electrical(cfg *config.Line) slic.Electrical {
	e := slic.Electrical{
		RingFrequency: n.country.RingHz,
		RingVoltage:   physic.ElectricPotential(cfg.Ring.Voltage * float64(physic.Volt)),
		LoopCurrent:   physic.ElectricCurrent(cfg.SLIC.LoopCurrent * float64(physic.MilliAmpere)),
		Impedance:     n.country.Impedance,
		ToPhoneGain:   cfg.SLIC.ToPhoneGain,
		FromPhoneGain: cfg.SLIC.FromPhoneGain,
	}
	if cfg.Ring.Frequency != 0 {
		e.RingFrequency = physic.Frequency(cfg.Ring.Frequency * float64(physic.Hertz))
	}
	if cfg.SLIC.Impedance != "" {
		e.Impedance = slic.Impedance(cfg.SLIC.Impedance)
	}
	return e
}

// tone is the country's sound for a tone of the machine, nil for silence.
func (n *nation) tone(t line.Tone) *tone.Spec {
	tones := &n.country.Tones
	switch t {
	case line.DialTone:
		return &tones.Dial
	case line.MessageDialTone:
		return &tones.MessageDial
	case line.RecallDialTone:
		return &tones.RecallDial
	case line.OutsideDialTone:
		return &tones.RecallDial
	case line.Ringback:
		return &tones.Ringback
	case line.Busy:
		return &tones.Busy
	case line.Reorder:
		return &tones.Reorder
	case line.VacantCode:
		return &tones.VacantCode
	case line.NoCircuit:
		return &tones.NoCircuit
	case line.Confirm:
		return &tones.Confirm
	case line.CallWaiting:
		return &tones.CallWaiting
	case line.Howler:
		return &tones.Howler
	}
	return nil
}

// codecs is the order in which the line offers its codings.
func (n *nation) codecs(cfg *config.Line) []string {
	if len(cfg.Codecs.Order) > 0 {
		return cfg.Codecs.Order
	}
	if n.country.Law == country.MuLaw {
		return []string{"PCMU", "PCMA"}
	}
	return []string{"PCMA", "PCMU"}
}

// lineSettings are the machine's settings of a document's line.
func lineSettings(cfg *config.Line) line.Settings {
	return line.Settings{
		FirstDigit:        cfg.Dial.FirstDigit.Duration(),
		RingTimeout:       cfg.Ring.Timeout.Duration(),
		ReorderDelay:      cfg.Tones.ReorderDelay.Duration(),
		ReorderTime:       30 * time.Second,
		HowlerTime:        60 * time.Second,
		CallWaiting:       cfg.Features.CallWaiting,
		FlashToNet:        cfg.Hook.Flash == "network",
		NoPulse:           !cfg.Hook.Pulse,
		NoServiceDialTone: cfg.SIP.CallWithoutRegistration,
	}
}
