package grandstream

import (
	"fmt"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// Values of P194, which says by what the device looks for a change.
const (
	lookNever  = "0"
	lookDaily  = "1"
	lookWeekly = "2"
	lookOften  = "3"
)

// takeSchedule takes when to look for a change: each day at an hour, or every so
// many minutes.
func (s *settings) takeSchedule() {
	mode, period, hour := s.given("P194"), s.given("P193"), s.given("P285")
	value := ""
	if mode != nil {
		value = mode.Value
	}
	switch value {
	case lookNever:
		s.draft.Ignore(mode, "looking for a change cannot be switched off")
	case lookDaily, lookWeekly:
		s.atHour(mode, hour)
		hour = nil
	case lookOften:
		s.every(mode, period)
		period = nil
	case "":
	default:
		s.draft.Refuse(mode, "", "not 0 to 3")
	}
	for _, e := range []*foreign.Entry{period, hour} {
		if e != nil {
			s.draft.Ignore(e, "P194 does not ask for it")
		}
	}
}

// given returns a P value of the box that is there and not empty, else nil.
func (s *settings) given(name string) *foreign.Entry {
	if e := s.entries[name]; e != nil && e.Value != "" {
		return e
	}
	return nil
}

func (s *settings) atHour(mode, hour *foreign.Entry) {
	by, h := mode, 1.0 // the adapters' own
	if hour != nil {
		f, _, err := foreign.Number(hour.Value)
		if err != nil || f < 0 || f > 23 {
			s.draft.Refuse(hour, "/provision/resync/at", "not an hour, 0 to 23")
			s.draft.Ignore(mode, "the hour is not valid")
			return
		}
		by, h = hour, f
	}
	note := ""
	if mode.Value == lookWeekly {
		note = "each day, not each week"
	}
	s.draft.Set(by, "/provision/resync/at", fmt.Sprintf("%02d:00", int(h)), note)
	if by != mode {
		s.draft.Add(mode.Finding(foreign.Lossless, "", "taken into account"))
	}
}

// longestPeriod is the longest time between two looks of the agent, in minutes.
const longestPeriod = 10080

func (s *settings) every(mode, period *foreign.Entry) {
	by, minutes, note := mode, float64(longestPeriod), "" // the adapters' own
	if period != nil {
		f, _, err := foreign.Number(period.Value)
		if err != nil || f < 1 {
			s.draft.Refuse(period, "/provision/resync/period_s", "not a time in minutes")
			s.draft.Ignore(mode, "the time is not valid")
			return
		}
		by, minutes = period, min(f, longestPeriod)
		if f > longestPeriod {
			note = "set to a week"
		}
	}
	s.draft.Set(by, "/provision/resync/period_s", int(minutes*60), note)
	if by != mode {
		s.draft.Add(mode.Finding(foreign.Lossless, "", "taken into account"))
	}
}
