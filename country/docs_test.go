package country

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite docs/countries.md")

// TestDocs keeps docs/countries.md the same as the table.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "docs", "countries.md")
	want := document()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the table says; go test ./country -update writes it", path)
	}
}

const preface = `# Countries

Written by ` + "`go test ./country -update`" + ` from ` + "`country/countries.txt`" + `, which names the sources. Do not edit.

A country is chosen by its ISO 3166-1 code. It gives the line its tones, ringing, hook timing, companding law, impedance,
caller ID scheme, emergency numbers and digit map; the configuration can override each but the emergency numbers, to which
it can only add.

## Lines

Ring cadences and hook times are in milliseconds. *Pulse* is the range of a dial pulse's break, *flash* that of a hook
flash; a longer break hangs up. In Australia, New Zealand and the Pacific the two overlap: while a number is dialed a break
is a pulse, during a call it is a flash. *Open loop* is how long the loop opens when the far end has hung up.

Caller ID schemes: **bellcore** Bell 202 FSK after the first ring; **etsi-fsk** V.23 FSK after the first ring (ETSI EN 300
659-1); **sin227** line reversal, alert tone and V.23 before ringing (BT SIN 227); **ntt** V.23 with 7-bit characters while
the loop is closed (Japan); **dtmf-ac** DTMF digits between A and C before the first ring; **dtmf-reversal-ac** the same
after a line reversal; **dtmf-ahash** DTMF digits between A and #; **dtmf-dc** DTMF digits between D and C.
A configuration can ask for these too: **bellcore-sdmf** without names; **etsi-fsk-alert**, **etsi-fsk-reversal** and
**etsi-fsk-pulse** before the first ring, after an alert tone, a line reversal and alert tone, or a short ring;
**dtmf-hash** DTMF digits ended by #.

One dial pulse is the digit 1 and ten are 0, except in Sweden (1 is 0, 10 is 9) and New Zealand (1 is 9, 10 is 0); 11 and 12
pulses are * and #.

`

const tonesPreface = `
## Tones

Frequencies in hertz, times in milliseconds: ` + "`425:1000 -:4000`" + ` is 425 Hz for a second and four seconds of silence;
` + "`a+b`" + ` adds two frequencies, ` + "`a*b`" + ` modulates a with b, ` + "`inf`" + ` lasts, ` + "`@-13`" + ` is the level of a frequency in dBm0.
Where no source gives a level it is -10 dBm0, the middle of the range of ITU-T E.180. The vacant code and no circuit tones
are the special information tone followed by congestion. The howler (receiver off hook) is 1400+2060+2450+2600 Hz, 100 ms
on and off, -12 dBm0 for each frequency, unless the country has its own.

`

const plansPreface = `
## Emergency numbers and digit maps

Emergency numbers are dialed with their last digit and no digit map can bar them. A digit map is in the grammar of package
dialplan; the rules ` + "`[*#][x*#][x*#].`" + ` (service codes) and ` + "`xx.`" + ` (any number) stand at the end of most.

`

const notesPreface = `
## What is assumed

Where the sources are silent, or say what no telephone reproduces. A region without a sourced recall time has the hook
windows of Finland, which take timed breaks and taps alike.

`

func document() []byte {
	var b bytes.Buffer
	all := All()
	b.WriteString(preface)
	section(&b, "Code|Country|Law|Ring|Hz|Impedance|Caller ID|Pulse|Flash|Open loop", all, lineRow)
	b.WriteString(tonesPreface)
	section(&b, "Code|Dial|Ringback|Busy|Congestion|Call waiting", all, tonesRow)
	b.WriteString(plansPreface)
	section(&b, "Code|Emergency|Digit map", all, planRow)
	b.WriteString(notesPreface)
	for _, c := range all {
		if len(c.Notes) > 0 {
			fmt.Fprintf(&b, "* **%s** %s\n", c.Code, strings.Join(c.Notes, "; "))
		}
	}
	return b.Bytes()
}

// section writes a Markdown table.
func section(b *bytes.Buffer, head string, all []*Country, row func(*Country) []string) {
	writeRow(b, strings.Split(head, "|"))
	fmt.Fprintf(b, "|%s\n", strings.Repeat(" --- |", strings.Count(head, "|")+1))
	for _, c := range all {
		writeRow(b, row(c))
	}
}

func writeRow(b *bytes.Buffer, cells []string) {
	for _, cell := range cells {
		fmt.Fprintf(b, "| %s ", cell)
	}
	b.WriteString("|\n")
}

func lineRow(c *Country) []string {
	law := "A"
	if c.Law == MuLaw {
		law = "µ"
	}
	h := c.Hook
	return []string{
		c.Code, c.Name, law, times(c.Ring...), strings.TrimSuffix(c.RingHz.String(), "Hz"), code(string(c.Impedance)), c.CallerID,
		times(h.PulseBreakMin, h.PulseBreakMax), times(h.FlashMin, h.FlashMax), times(c.CPC),
	}
}

func tonesRow(c *Country) []string {
	t := c.Tones
	return []string{c.Code, code(t.Dial.String()), code(t.Ringback.String()), code(t.Busy.String()), code(t.Reorder.String()), code(t.CallWaiting.String())}
}

func planRow(c *Country) []string {
	return []string{c.Code, strings.Join(c.Emergency, " "), code(c.DialPlan)}
}

// code sets text in a fixed font; a bar would end the cell.
func code(text string) string { return "`" + strings.ReplaceAll(text, "|", `\|`) + "`" }

func times(list ...time.Duration) string {
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = fmt.Sprint(d.Milliseconds())
	}
	return strings.Join(texts, " ")
}
