package script

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ata-agent/ata-agent/line"
)

// FormatSettings returns the settings of a line that are not zero.
func FormatSettings(s line.Settings) []Setting {
	var list []Setting
	for _, f := range durations(&s) {
		if *f.at != 0 {
			list = append(list, Setting{Name: f.name, Value: f.at.String()})
		}
	}
	for _, f := range switches(&s) {
		if *f.at {
			list = append(list, Setting{Name: f.name, Value: "true"})
		}
	}
	return list
}

// ParseSettings reads what FormatSettings writes, and leaves settings of other
// names alone.
func ParseSettings(list []Setting) (line.Settings, error) {
	var s line.Settings
	for _, set := range list {
		if err := parseSetting(&s, set); err != nil {
			return s, fmt.Errorf("script: set %s: %w", set.Name, err)
		}
	}
	return s, nil
}

func parseSetting(s *line.Settings, set Setting) (err error) {
	for _, f := range durations(s) {
		if f.name == set.Name {
			*f.at, err = time.ParseDuration(set.Value)
		}
	}
	for _, f := range switches(s) {
		if f.name == set.Name {
			*f.at, err = strconv.ParseBool(set.Value)
		}
	}
	return err
}

type field[T any] struct {
	name string
	at   *T
}

func durations(s *line.Settings) []field[time.Duration] {
	return []field[time.Duration]{
		{"first-digit", &s.FirstDigit},
		{"ring-timeout", &s.RingTimeout},
		{"reorder-delay", &s.ReorderDelay},
		{"reorder-time", &s.ReorderTime},
		{"howler-time", &s.HowlerTime},
	}
}

func switches(s *line.Settings) []field[bool] {
	return []field[bool]{
		{"call-waiting", &s.CallWaiting},
		{"flash-to-net", &s.FlashToNet},
		{"no-service-dial-tone", &s.NoServiceDialTone},
		{"no-pulse", &s.NoPulse},
	}
}
