package cisco

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/slic"
)

// converters are the conversions that only this maker's values need.
var converters = map[string]foreign.Converter{
	"tos":       convertTOS,
	"packet":    convertPacket,
	"dtmf":      convertDTMF,
	"digits":    convertDigits,
	"impedance": convertImpedance,
	"period":    convertPeriod,
	"delays":    convertDelays,
	"clock":     convertClock,
	"adjust":    convertAdjustment,
}

// convertTOS makes a DSCP of the byte it is part of (RFC 2474 §3).
func convertTOS(value string, _ []string) (any, string, error) {
	tos, err := strconv.ParseUint(value, 0, 8)
	if err != nil {
		return nil, "", errors.New("not a byte, as 0x68")
	}
	if tos&3 != 0 {
		return int(tos >> 2), "the last two bits are not part of the DSCP", nil
	}
	return int(tos >> 2), "", nil
}

// convertPacket makes milliseconds, in steps of ten, of seconds.
func convertPacket(value string, _ []string) (any, string, error) {
	seconds, note, err := foreign.Number(value)
	if err != nil {
		return nil, "", err
	}
	ms := seconds * 1000
	step := 10 * math.Round(min(max(ms, 10), 60)/10)
	if math.Abs(step-ms) > 1e-6 {
		note = "the nearest there is: " + strconv.Itoa(int(step)) + " ms"
	}
	return int(step), note, nil
}

// convertDTMF makes methods of the one that is wanted; SIP INFO is not among them.
func convertDTMF(value string, _ []string) (any, string, error) {
	const noINFO = "keys are not sent by SIP INFO"
	switch strings.ToLower(value) {
	case "auto":
		return []string{"rfc4733", "inband"}, "", nil
	case "avt":
		return []string{"rfc4733"}, "", nil
	case "inband":
		return []string{"inband"}, "", nil
	case "avt+info":
		return []string{"rfc4733"}, noINFO, nil
	case "inband+info":
		return []string{"inband"}, noINFO, nil
	case "info":
		return []string{"rfc4733", "inband"}, noINFO, nil
	}
	return nil, "", errors.New("not one of InBand, AVT, INFO, Auto, InBand+INFO, AVT+INFO")
}

// convertDigits makes a list of the numbers between commas.
func convertDigits(value string, _ []string) (any, string, error) {
	var numbers []string
	note := ""
	for n := range strings.SplitSeq(value, ",") {
		switch n = strings.TrimSpace(n); {
		case n == "":
		case strings.Trim(n, "0123456789*#") != "":
			note = "what is not digits is left out"
		default:
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return nil, "", errors.New("no digits between the commas")
	}
	return numbers, note, nil
}

// convertImpedance makes 270+(750||150nF) of 270+750||150nF.
func convertImpedance(value string, _ []string) (any, string, error) {
	z := strings.ReplaceAll(value, " ", "")
	if r, c, ok := strings.Cut(z, "+"); ok && strings.Contains(c, "||") && !strings.HasPrefix(c, "(") {
		z = r + "+(" + c + ")"
	}
	if _, err := slic.Impedance(z).Network(); err != nil {
		return nil, "", errors.New("not an impedance, as 600 or 270+750||150nF")
	}
	return z, "", nil
}

// convertPeriod makes seconds of the time between two looks, which may be a list
// like 3600+300,7200. None at all is not among the agent's.
func convertPeriod(value string, _ []string) (any, string, error) {
	seconds, note, err := foreign.Number(value)
	if err != nil || seconds < 0 {
		return nil, "", errors.New("not a time in seconds")
	}
	if seconds == 0 {
		return nil, "looking for a change cannot be switched off", nil
	}
	p := int(min(max(seconds, 60), 604800))
	if float64(p) != seconds {
		note = "set to " + strconv.Itoa(p) + " s"
	}
	return p, note, nil
}

// maxDelays is how many waits after failures the agent takes.
const maxDelays = 10

// convertDelays makes a list of seconds of 1800+300,3600: waits after failures,
// each with what may come on top by chance.
func convertDelays(value string, _ []string) (any, string, error) {
	var delays []int
	note := ""
	for item := range strings.SplitSeq(value, ",") {
		base, _, random := strings.Cut(strings.TrimSpace(item), "+")
		seconds, err := strconv.Atoi(base)
		if err != nil || seconds < 0 {
			return nil, "", errors.New("not times in seconds, as 1800+300,3600")
		}
		if random {
			note = "what comes on top by chance is the agent's"
		}
		if s := min(max(seconds, 10), 86400); s != seconds {
			seconds, note = s, "beyond 10 to 86400 s, set to "+strconv.Itoa(s)
		}
		if len(delays) == maxDelays {
			return delays, "the first ten", nil
		}
		delays = append(delays, seconds)
	}
	return delays, note, nil
}

// convertClock makes 03:30 of 0330.
func convertClock(value string, _ []string) (any, string, error) {
	n, err := strconv.Atoi(value)
	if err != nil || len(value) != 4 || n < 0 || n/100 > 23 || n%100 > 59 {
		return nil, "", errors.New("not a time of day, as 0330")
	}
	return value[:2] + ":" + value[2:], "", nil
}
