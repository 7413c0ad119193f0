package tone

import (
	"bufio"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func hz(ms int, level float64, hz ...float64) Segment {
	seg := Segment{Duration: time.Duration(ms) * time.Millisecond}
	for i, f := range hz {
		seg.Sound.Hz[i], seg.Sound.Level[i] = f, level
	}
	return seg
}

func TestParse(t *testing.T) {
	belled := hz(1000, -10, 400)
	belled.Sound.ModHz = 25
	uneven := hz(0, -18, 350, 440)
	uneven.Sound.Level[0] = -22
	for _, tt := range []struct {
		name, text string
		want       Spec
	}{
		{"continuous", "425:inf", Spec{Loop: []Segment{hz(0, -10, 425)}}},
		{"pair", "440+480:2000 -:4000", Spec{Loop: []Segment{hz(2000, -10, 440, 480), hz(4000, 0)}}},
		{"modulated", "400*25:1000", Spec{Loop: []Segment{belled}}},
		{"alternatives", "400+450||425:400 -:200", Spec{Loop: []Segment{hz(400, -10, 400, 450), hz(200, 0)}}},
		{"own level", "350@-12+440@-8:inf", Spec{Loop: []Segment{uneven}}},
		{"group", "2x(425:100 -:100) | 425:inf", Spec{
			Intro: []Segment{hz(100, -10, 425), hz(100, 0), hz(100, -10, 425), hz(100, 0)},
			Loop:  []Segment{hz(0, -10, 425)},
		}},
		{"once", "950:330 1400:330 | end", Spec{Intro: []Segment{hz(330, -10, 950), hz(330, -10, 1400)}}},
		{"four", "1400+2060+2450+2600:100 -:100", Spec{Loop: []Segment{hz(100, -10, 1400, 2060, 2450, 2600), hz(100, 0)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.text, -10)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q) = %+v, want %+v", tt.text, got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "|", "425", "425:", ":100", "425:0", "425:-5", "425:1e12", "425:NaN", "NaN:100",
		"0:100", "20001:100", "19000*2000:100", "1+2+3+4+5:100", "3x(425:100", "0x(425:100)", "9999x(425:100)",
		"2x(2x(425:100))", "425:inf -:100", "425:100 | end | end", "end | 425:100",
		"425@x:100", "400*:100", "30*400:100", "425:100 )", "| 425:100",
	} {
		if got, err := Parse(text, -10); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustParse took nonsense")
		}
	}()
	MustParse("nonsense", 0)
}

// nationalTones returns the specs of every tone of every country, by name.
func nationalTones(t testing.TB) map[string]string {
	f, err := os.Open("testdata/tones.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tones := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(fields[0], "#") || fields[0] == "cc" {
			continue
		}
		tones[fields[0]+" "+fields[1]] = fields[2]
	}
	if len(tones) < 1300 {
		t.Fatalf("%d tones, want the whole table", len(tones))
	}
	return tones
}

// Every national tone parses, reads the same when written, and makes sound.
func TestNationalTones(t *testing.T) {
	for name, text := range nationalTones(t) {
		spec, err := Parse(text, -12)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := Parse(spec.String(), 0)
		if err != nil || !reflect.DeepEqual(again, spec) {
			t.Errorf("%s: %q is written %q, which parses to %+v, %v", name, text, spec, again, err)
		}
		var g Generator
		g.Start(&spec)
		if out := make([]int16, 400); !anySound(&g, out) && !strings.HasPrefix(text, "12000:") {
			t.Errorf("%s: %q is silent", name, text)
		}
	}
}

func anySound(g *Generator, out []int16) bool {
	for range 400 {
		g.Read(out)
		for _, s := range out {
			if s != 0 {
				return true
			}
		}
	}
	return false
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"350+440:inf", "3x(350+440:100 -:100) | 350+440:inf", "400*25:1000 -:500",
		"400+450||425:400 -:200", "950:330 | end", "440@-4:1.5",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := Parse(text, -10)
		if err != nil {
			return
		}
		again, err := Parse(spec.String(), 0)
		if err != nil {
			t.Fatalf("%q is written %q: %v", text, spec, err)
		}
		if again.String() != spec.String() {
			t.Fatalf("%q is written %q, then %q", text, spec, again)
		}
		var g Generator
		g.Start(&spec)
		g.Mix(make([]int16, 8000))
	})
}
