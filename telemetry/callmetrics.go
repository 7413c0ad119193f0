package telemetry

import (
	"strconv"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/sip"
)

// Registration and the making of calls.
var (
	registerAttempts = declare(privacy.Counter, "ata_line_registration_attempts_total", "", privacy.Performance, privacy.Operational, privacy.Operate,
		"Requests to register, by the hundreds of the answer's status; none: no answer came.", byLine,
		privacy.Label{Name: "code", Values: registerCodes[:]})
	registerTime = catalogue.Declare(privacy.Declaration{
		Name: "ata_line_registration_rtt_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.Performance, Level: privacy.Quality, Purpose: privacy.Repair,
		Help: "From a request to register to its final answer, challenge included.", Bounds: registerBounds(),
	})
	callSetup = catalogue.Declare(privacy.Declaration{
		Name: "ata_call_setup_seconds", Kind: privacy.Distribution, Unit: "s", Category: privacy.CallQuality, Level: privacy.Quality, Purpose: privacy.Improve,
		Help: "From dialling to the first answer of the far end or network, of outgoing calls.", Bounds: []float64{.2, .5, 1, 2, 5},
	})
	emergencyCalls = declare(privacy.Counter, "ata_emergency_calls_total", "", privacy.CallQuality, privacy.Operational, privacy.Operate,
		"Emergency calls that ended.", byLine)
)

// registerCodes are the labels of sip.RegisterTimes.Answers.
var registerCodes = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"}

func registerBounds() (bounds []float64) {
	for _, b := range sip.RegisterBounds {
		bounds = append(bounds, b.Seconds())
	}
	return bounds
}

// Registrations tells how registering went on every line; status is the agent's.
func Registrations(status func() agent.Status) Collector {
	return NewCollector("registrations", func(s *Samples) error {
		registrations(s, status())
		return nil
	})
}

// Setups tells how long calls took to be made.
func (c *Calls) Setups() Collector {
	return NewCollector("set-up of calls", func(s *Samples) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.poll()
		s.Distribution(callSetup, copyOf(c.setup))
		return nil
	})
}

func registrations(s *Samples, st agent.Status) {
	all := emptyHistogram(registerTime)
	for _, l := range st.Lines {
		if !l.Registers {
			continue
		}
		times := &l.SIP.Register
		for class, n := range times.Answers {
			if n > 0 || class == 2 {
				s.Set(registerAttempts, float64(n), strconv.Itoa(l.Line), registerCodes[class])
			}
		}
		for i, n := range times.Took {
			all.Counts[i] += n
		}
		all.Sum += times.Sum.Seconds()
	}
	s.Distribution(registerTime, all)
}
