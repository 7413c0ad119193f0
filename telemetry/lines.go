package telemetry

import (
	"errors"
	"fmt"
	"strconv"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/slic"
)

// Lines tells how the lines fare; status is the agent's.
func Lines(status func() agent.Status) Collector {
	return NewCollector("lines", func(s *Samples) error {
		lines(s, status())
		return nil
	})
}

// Loops tells what the ports measure on their pairs.
func Loops(status func() agent.Status, ports []slic.Line) Collector {
	return NewCollector("loops", func(s *Samples) error { return loops(s, status(), ports) })
}

func lines(s *Samples, st agent.Status) {
	s.Flag(pcmRunning, st.Clock.Running)
	s.Set(pcmErrors, float64(st.Clock.Errors))
	for _, l := range st.Lines {
		if !l.Enabled {
			continue
		}
		n := strconv.Itoa(l.Line)
		s.Flag(lineRegistered, l.Registration == "registered", n)
		s.Flag(lineHook, l.OffHook, n, "off_hook")
		s.Flag(lineHook, !l.OffHook, n, "on_hook")
		s.Flag(lineFault, !l.PortUp, n, "out_of_service")
		s.Set(lineLostEvents, float64(l.LostEvents), n)
		s.Set(callsActive, float64(len(l.Calls)), n)
		for _, c := range l.Calls {
			if !c.Answered.IsZero() {
				s.Set(jitterBuffer, c.Voice.Buffer, n)
				break // the call that is heard, or was last
			}
		}
	}
}

// loops measures the pairs of the lines that work.
func loops(s *Samples, st agent.Status, ports []slic.Line) error {
	var errs []error
	for i, p := range ports {
		if i >= len(st.Lines) || !st.Lines[i].Enabled || !st.Lines[i].PortUp || !p.Caps().Measure {
			continue
		}
		m, err := p.Measure()
		if err != nil {
			if !errors.Is(err, slic.ErrUnsupported) {
				errs = append(errs, fmt.Errorf("line %d: %w", i+1, err))
			}
			continue
		}
		n := strconv.Itoa(i + 1)
		s.Set(lineVoltage, volts(m.Tip), n, "tip")
		s.Set(lineVoltage, volts(m.Ring), n, "ring")
		s.Set(lineVoltage, volts(m.Battery), n, "battery")
		s.Set(lineCurrent, amperes(m.Current), n)
		if m.TripAt > 0 {
			s.Set(ringTripMargin, amperes(m.TripAt-m.RingCurrent), n)
		}
	}
	return errors.Join(errs...)
}

func amperes(i physic.ElectricCurrent) float64 { return float64(i) / float64(physic.Ampere) }

func volts(v physic.ElectricPotential) float64 { return float64(v) / float64(physic.Volt) }
