package grandstream

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// converters are the conversions that only this maker's values need.
var converters = map[string]foreign.Converter{
	"minutes": convertMinutes,
	"gain":    convertGain,
	"cadence": convertCadence,
}

// longest registration that can be asked for, and the shortest, in seconds.
const (
	shortest = 60
	longest  = 86400
)

// convertMinutes makes seconds of minutes. Some PBXs write the seconds they mean
// into this number; a real device takes them for minutes, and so does this.
func convertMinutes(value string, _ []string) (any, string, error) {
	f, note, err := foreign.Number(value)
	if err != nil {
		return nil, "", err
	}
	seconds := int(min(max(f*60, shortest), longest))
	if f*60 > longest || f*60 < shortest {
		note = fmt.Sprintf("these are minutes; set to %d s", seconds)
	}
	return seconds, note, nil
}

// gains are decibels by the maker's numbers.
var gains = []int{0, 6, 4, 2, -2, -4, -6}

func convertGain(value string, _ []string) (any, string, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n >= len(gains) {
		return nil, "", errors.New("not a gain, 0 to 6")
	}
	return gains[n], "", nil
}

// convertCadence makes milliseconds of c=2000/4000; with further pairs after -.
func convertCadence(value string, _ []string) (any, string, error) {
	wrong := errors.New("not a cadence, as c=2000/4000;")
	steps, ok := strings.CutPrefix(strings.TrimSuffix(strings.TrimSpace(value), ";"), "c=")
	if !ok {
		return nil, "", wrong
	}
	var times []int
	for step := range strings.SplitSeq(steps, "-") {
		on, off, ok := strings.Cut(step, "/")
		for _, t := range []string{on, off} {
			ms, err := strconv.ParseUint(strings.TrimSpace(t), 10, 16)
			if err != nil || !ok {
				return nil, "", wrong
			}
			times = append(times, int(ms))
		}
	}
	if len(times) > 16 {
		return nil, "", fmt.Errorf("%d times, at most 16", len(times))
	}
	return times, "", nil
}
