package telemetry

import (
	"slices"
	"strconv"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/slic"
)

// Figures tells what was measured of the lines and of the voice: what a line test
// found, how the hook switch works, the echo, the work of the processor.
func Figures(status func() agent.Status) Collector {
	return NewCollector("figures", func(s *Samples) error {
		st := status()
		frameWork(s, st.Clock.Work)
		for _, l := range st.Lines {
			if l.Enabled {
				figures(s, l, strconv.Itoa(l.Line))
			}
		}
		return nil
	})
}

func frameWork(s *Samples, w agent.WorkStatus) {
	s.Set(frameOverruns, float64(w.Overruns))
	s.Distribution(frameDuration, &privacy.Histogram{Counts: w.Counts[:], Sum: w.Seconds})
}

func figures(s *Samples, l agent.LineStatus, n string) {
	s.Flag(lineFault, l.Trouble == slic.Overload, n, "overload")
	if l.LineTest != nil {
		tested(s, l.LineTest, n)
	}
	for _, f := range []struct {
		field privacy.Field
		value float64
	}{{hookFlash, l.Hook.Flash}, {pulseBreak, l.Hook.PulseBreak}, {pulsePeriod, l.Hook.PulsePeriod}} {
		if f.value > 0 {
			s.Set(f.field, f.value, n)
		}
	}
	if l.Audio.Echo.Known {
		s.Set(echoLoss, l.Audio.Echo.Loss, n)
		s.Set(echoEnhancement, l.Audio.Echo.Enhancement, n)
	}
}

// tested tells what the last line test found. What it could not see is left out.
func tested(s *Samples, r *slic.TestReport, n string) {
	for kind, tests := range map[string][]slic.Test{
		"foreign_voltage": {slic.HazardousPotential, slic.ForeignEMF}, "leakage": {slic.ResistiveFaults},
	} {
		var verdicts []slic.Verdict
		for _, res := range r.Results {
			if slices.Contains(tests, res.Test) {
				verdicts = append(verdicts, res.Verdict)
			}
		}
		bad := slices.Contains(verdicts, slic.Failed)
		if bad || slices.Contains(verdicts, slic.Passed) || slices.Contains(verdicts, slic.Limited) {
			s.Flag(lineFault, bad, n, kind)
		}
	}
	for _, res := range r.Results {
		if ren, ok := res.Figures["ren"]; ok && res.Test == slic.RingerEquivalence {
			s.Set(lineREN, ren, n)
		}
	}
}
