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
