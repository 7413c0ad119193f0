package country

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/slic"
)

// Rules that the digit map of a country ends with: service codes, which begin
// with a star or a number sign, and any number at all.
const (
	serviceCodes = "[*#][x*#][x*#]."
	anyNumber    = "xx."
)

// What a country has if the table does not say.
var defaults = []string{
	// Special information tone, ITU-T E.180 §6: 950, 1400 and 1800 Hz for 330 ms each.
	"vacant -13 950:330 1400:330 1800:330",
	"nocircuit -13 950:330 1400:330 1800:330",
	// The receiver-off-hook tone of North America. Sources give it from -19 dBm0
	// for each frequency to +3 dB above all other tones. At -12 dBm0 each the sum
	// is -6 dBm0: louder than any other tone here, its peaks unclipped, and no
	// louder than speech from a close talker.
	"howler -12 1400+2060+2450+2600:100 -:100",
	"ringhz 25",
	"plan",
}

// parse reads the block of one country.
func parse(block string) (*Country, error) {
	c := &Country{}
	lines := strings.Split(block, "\n")
	if err := c.identify(lines); err != nil {
		return nil, err
	}
	for _, line := range slices.Concat(defaults, lines[2:]) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if err := c.set(key, value); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.Code, key, err)
		}
	}
	for _, t := range []*tone.Spec{&c.Tones.VacantCode, &c.Tones.NoCircuit} {
		*t = tone.Spec{Intro: slices.Concat(t.Loop, c.Tones.Reorder.Intro), Loop: c.Tones.Reorder.Loop}
	}
	return c, nil
}

// identify reads the two lines that start every block: country and region.
func (c *Country) identify(lines []string) error {
	if len(lines) < 2 {
		return errors.New("a block without country and region")
	}
	head, isCountry := strings.CutPrefix(lines[0], "country ")
	code, name, named := strings.Cut(head, " ")
	if !isCountry || !named || len(code) != 2 {
		return fmt.Errorf("%q: want country, code and name", lines[0])
	}
	c.Code, c.Name = code, name
	region, ok := regions[strings.TrimPrefix(lines[1], "region ")]
	if !ok {
		return fmt.Errorf("%s: %q: unknown region", code, lines[1])
	}
	c.Hook, c.Impedance, c.CallerID, c.CPC = region.hook, region.impedance, region.callerID, region.cpc
	return nil
}

// set takes over one line of a block.
func (c *Country) set(key, value string) (err error) {
	if t := c.tone(key); t != nil {
		*t, err = leveled(value)
		return err
	}
	switch key {
	case "law":
		c.Law, err = choose(value, map[string]Law{"alaw": ALaw, "mulaw": MuLaw})
	case "ring":
		c.Ring, err = milliseconds(value)
	case "ringhz":
		c.RingHz, err = hertz(value)
	case "impedance":
		c.Impedance, err = choose(value, networks())
	case "callerid":
		c.CallerID, err = choose(value, schemes())
	case "pulses":
		c.Pulses, err = choose(value, map[string]PulseCoding{"newzealand": PulsesNewZealand, "sweden": PulsesSweden})
	case "cpc":
		c.CPC, err = millisecond(value)
	case "emergency":
		c.Emergency = strings.Fields(value)
	case "plan":
		c.DialPlan = plan(value, serviceCodes, anyNumber)
	case "closedplan":
		c.DialPlan = plan(value, serviceCodes)
	case "note":
		c.Notes = append(c.Notes, value)
	default:
		err = errors.New("unknown key")
	}
	return err
}

// tone returns the tone a key of the table names.
func (c *Country) tone(key string) *tone.Spec {
	t := &c.Tones
	return map[string]*tone.Spec{
		"dial": &t.Dial, "message": &t.MessageDial, "recall": &t.RecallDial, "ringback": &t.Ringback,
		"busy": &t.Busy, "congestion": &t.Reorder, "vacant": &t.VacantCode, "nocircuit": &t.NoCircuit,
		"confirm": &t.Confirm, "callwaiting": &t.CallWaiting, "howler": &t.Howler,
	}[key]
}

// leveled reads the level of a tone and its specification.
func leveled(value string) (tone.Spec, error) {
	level, spec, _ := strings.Cut(value, " ")
	dB, err := strconv.ParseFloat(level, 64)
	if err != nil {
		return tone.Spec{}, fmt.Errorf("level: %w", err)
	}
	return tone.Parse(spec, dsp.DBm0(dB))
}

func choose[T any](name string, choices map[string]T) (T, error) {
	v, ok := choices[name]
	if !ok {
		return v, fmt.Errorf("unknown %q", name)
	}
	return v, nil
}

func networks() map[string]slic.Impedance {
	m := map[string]slic.Impedance{}
	for _, z := range []slic.Impedance{
		slic.Z600, slic.Z900, slic.Z600C2u16, slic.Z900C2u16, slic.Z600C1u, slic.Z270_750,
		slic.Z220_820a, slic.Z220_820g, slic.Z370_620, slic.Z320_1050, slic.Z200_680,
	} {
		m[string(z)] = z
	}
	return m
}

func schemes() map[string]string {
	m := map[string]string{}
	for _, s := range []string{
		CallerIDBellcore, CallerIDETSI, CallerIDSIN227, CallerIDNTT,
		CallerIDDTMFAC, CallerIDDTMFReversalAC, CallerIDDTMFAHash, CallerIDDTMFDC,
	} {
		m[s] = s
	}
	return m
}

func milliseconds(value string) ([]time.Duration, error) {
	var list []time.Duration
	for _, word := range strings.Fields(value) {
		d, err := millisecond(word)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

func millisecond(value string) (time.Duration, error) {
	n, err := strconv.ParseUint(value, 10, 16)
	return time.Duration(n) * time.Millisecond, err
}

func hertz(value string) (physic.Frequency, error) {
	f, err := strconv.ParseFloat(value, 64)
	return physic.Frequency(f * float64(physic.Hertz)), err
}

// plan joins the rules of a country with those that all have.
func plan(rules string, common ...string) string {
	if rules != "" {
		common = append([]string{rules}, common...)
	}
	return "(" + strings.Join(common, "|") + ")"
}
