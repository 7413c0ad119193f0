package script

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

var events = []struct {
	text  string
	event line.Event
}{
	{`hook off`, line.Hook{Off: true}},
	{`hook on`, line.Hook{}},
	{`digit 5`, line.Digit{Key: '5'}},
	{`digit #`, line.Digit{Key: '#'}},
	{`digit 0x00`, line.Digit{}},
	{`digit 0xff`, line.Digit{Key: 255}},
	{`recall`, line.Recall{}},
	{`ready`, line.Ready{}},
	{`incoming 1 "" ""`, line.Incoming{Call: 1}},
	{`incoming 2 "555" "Bob \"B\" \xff\n" withheld ring=3 emergency`, line.Incoming{
		Call: 2, Number: "555", Name: "Bob \"B\" \xff\n", Withheld: true, Ring: 3, Emergency: true,
	}},
	{`incoming 2 "" "" ring=-9`, line.Incoming{Call: 2, Ring: -9}},
	{`progress 3`, line.Progress{Call: 3}},
	{`progress 3 ringing media`, line.Progress{Call: 3, Ringing: true, Media: true}},
	{`progress 3 media`, line.Progress{Call: 3, Media: true}},
	{`answered 4294967295`, line.Answered{Call: math.MaxUint32}},
	{`released 4 silence`, line.Released{Call: 4}},
	{`released 4 no-circuit`, line.Released{Call: 4, Tone: line.NoCircuit}},
	{`released 4 tone(200)`, line.Released{Call: 4, Tone: 200}},
	{`service up`, line.Service{Up: true}},
	{`service down`, line.Service{}},
	{`port up`, line.PortState{Up: true}},
	{`port down`, line.PortState{}},
	{`messages waiting`, line.Messages{Waiting: true}},
	{`messages none`, line.Messages{}},
	{`timer`, line.Timer{}},
}

func TestEvents(t *testing.T) {
	for _, tt := range events {
		if got := FormatEvent(tt.event); got != tt.text {
			t.Errorf("FormatEvent(%#v) = %s, want %s", tt.event, got, tt.text)
		}
		if got, err := ParseEvent(tt.text); err != nil || got != tt.event {
			t.Errorf("ParseEvent(%s) = %#v, %v, want %#v", tt.text, got, err, tt.event)
		}
	}
}

var calls = []struct {
	text string
	call Call
}{
	{`feed oht-reverse`, Call{Op: SetFeed, Feed: slic.OnHookTransmitRev}},
	{`feed feed(77)`, Call{Op: SetFeed, Feed: 77}},
	{`play callwaiting`, Call{Op: Play, Tone: line.CallWaiting}},
	{`dial 7 "12\"3"`, Call{Op: Dial, Call: 7, Number: `12"3`}},
	{`dial 7 "112" emergency`, Call{Op: Dial, Call: 7, Number: "112", Emergency: true}},
	{`alert 1`, Call{Op: Alert, Call: 1}},
	{`answer 1`, Call{Op: Answer, Call: 1}},
	{`reject 1 declined`, Call{Op: Reject, Call: 1, Refusal: line.RefuseDeclined}},
	{`hangup 1`, Call{Op: Hangup, Call: 1}},
	{`hold 1 on`, Call{Op: Hold, Call: 1, Hold: true}},
	{`hold 1 off`, Call{Op: Hold, Call: 1}},
	{`connect 0`, Call{Op: Connect}},
	{`flash 1`, Call{Op: SendFlash, Call: 1}},
	{`callerid 1 data 713.333333ms`, Call{Op: SendCallerID, Call: 1, Signal: line.CallData, Length: 713333333}},
	{`callerid 0 off 0s`, Call{Op: SendCallerID}},
}

func TestCalls(t *testing.T) {
	for _, tt := range calls {
		if got := tt.call.String(); got != tt.text {
			t.Errorf("%#v is %s, want %s", tt.call, got, tt.text)
		}
		if got, err := ParseCall(tt.text); err != nil || got != tt.call {
			t.Errorf("ParseCall(%s) = %#v, %v, want %#v", tt.text, got, err, tt.call)
		}
	}
}

// TestEveryEventAndCall fails when package line gets an event or a port method
// that scripts cannot say.
func TestEveryEventAndCall(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, e := range events {
		seen[reflect.TypeOf(e.event)] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d kinds of events are tested, want 12", len(seen))
	}
	port := reflect.TypeFor[line.Port]()
	if port.NumMethod() != len(opNames) {
		t.Errorf("line.Port has %d methods, scripts have %d effects", port.NumMethod(), len(opNames))
	}
}

func TestActions(t *testing.T) {
	const ms = time.Millisecond
	on, off := line.Hook{}, line.Hook{Off: true}
	tests := []struct {
		text   string
		events []Timed
	}{
		{"flash 300ms", []Timed{{0, on}, {300 * ms, off}}},
		{"flash 10ms 20ms 30ms", []Timed{{0, on}, {10 * ms, off}, {30 * ms, on}, {60 * ms, off}}},
		{"pulses 2 1", []Timed{
			{0, on}, {60 * ms, off}, {100 * ms, on}, {160 * ms, off}, {960 * ms, on}, {1020 * ms, off},
		}},
		{"pulses 1 1 pps=20 break=50% pause=300ms", []Timed{{0, on}, {25 * ms, off}, {325 * ms, on}, {350 * ms, off}}},
		{"keys 1*A", []Timed{{0, line.Digit{Key: '1'}}, {100 * ms, line.Digit{Key: '*'}}, {200 * ms, line.Digit{Key: 'A'}}}},
		{"keys 12 every=1s", []Timed{{0, line.Digit{Key: '1'}}, {time.Second, line.Digit{Key: '2'}}}},
		{"wait", nil},
	}
	for _, tt := range tests {
		s, err := Parse("+1s " + tt.text + "\n")
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := s.Steps[0].Events; !reflect.DeepEqual(got, tt.events) {
			t.Errorf("%s: got %v, want %v", tt.text, got, tt.events)
		}
		if got := s.Steps[0].Text; got != tt.text {
			t.Errorf("%s: text is %s", tt.text, got)
		}
	}
}

const example = `# A comment at the top.

# About the country.
set country eu
set plan (xx.|P0 <:12>)
set call-waiting true

# First.
+0s hook off
	play dial
+1.5s flash 30ms 20ms 300ms
	+80ms feed open
	-1ms hold 1 on

+1h0m0.000000001s late timer
	dial 7 "12" emergency
-5ms hook on
# The end.
`

func TestFormat(t *testing.T) {
	s, err := Parse(example)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Format(); got != example {
		t.Errorf("Format() =\n%s\nwant\n%s", got, example)
	}
	if plan, ok := s.Setting("plan"); !ok || plan != "(xx.|P0 <:12>)" {
		t.Errorf("plan = %q, %v", plan, ok)
	}
	if at := s.Steps[3].At; at != time.Hour+1845*time.Millisecond+1 {
		t.Errorf("last step at %v", at)
	}
	absolute, err := Parse("@2s timer\n@1500ms hook on\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := absolute.Format(), "+2s timer\n-500ms hook on\n"; got != want {
		t.Errorf("Format() = %q, want %q", got, want)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"hook off", "line 1: want a time"},
		{"+1s", "a word is missing"},
		{"+1s hook", "a word is missing"},
		{"+1s hook up", "want off or on"},
		{"+1s hook off now", `do not understand "now"`},
		{"+1s ring 1", "unknown event"},
		{"+1s released 1 loud", "unknown name"},
		{"+1s released x busy", "call:"},
		{"+1s released 4294967296 busy", "call:"},
		{"+1s digit 55", "want a key"},
		{`+1s incoming 1 555 ""`, "want a string in quotes"},
		{`+1s incoming 1 '5' ""`, "want a string in quotes"},
		{`+1s incoming 1 "555`, "not closed"},
		{`+1s incoming 1 "" "" ring=x`, "invalid syntax"},
		{"+1s flash", "a word is missing"},
		{"+1s flash 300", "want a time up to a day"},
		{"+1s flash -1ms", "want a time up to a day"},
		{"+1s pulses 51", "want 1 to 50 pulses"},
		{"+1s pulses 1 pps=0", "want pps=1 to 100"},
		{"+1s pulses 1 break=NaN%", "want break=1 to 99"},
		{"+1s keys 12E", "want keys of"},
		{"+1s keys " + strings.Repeat("1", 101), "more than 100 keys"},
		{"+1s timer\n+2000000h timer", "line 2: time \"+2000000h\" is too far"},
		{"\tplay dial", "an effect before the first step"},
		{"+1s timer\n# hm\n\tplay dial", "a comment between"},
		{"+1s timer\n\tsing dial", "unknown effect"},
		{"+1s timer\n\tplay loud", "unknown name"},
		{"+1s timer\n\thold 1 maybe", "want on or off"},
		{"+1s timer\n\t+x play dial", "want a time"},
		{"+1s timer\nset a b", "a setting after the first step"},
		{"set", "set what?"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "script: line ") {
			t.Errorf("Parse(%q) = %v, want an error with %q", tt.text, err, tt.want)
		}
	}
}

func TestSettings(t *testing.T) {
	want := line.Settings{
		FirstDigit: 1, RingTimeout: 2 * time.Second, ReorderDelay: -3, ReorderTime: 4 * time.Hour, HowlerTime: 5,
		CallWaiting: true, FlashToNet: true, NoServiceDialTone: true, NoPulse: true,
	}
	list := FormatSettings(want)
	if n := reflect.TypeOf(want).NumField(); len(list) != n {
		t.Errorf("%d settings are written, want %d", len(list), n)
	}
	got, err := ParseSettings(append(list, Setting{Name: "country", Value: "eu"}))
	if err != nil || got != want {
		t.Errorf("ParseSettings(%v) = %+v, %v, want %+v", list, got, err, want)
	}
	if list := FormatSettings(line.Settings{}); len(list) != 0 {
		t.Errorf("FormatSettings of none = %v", list)
	}
	for _, s := range []Setting{{Name: "first-digit", Value: "5"}, {Name: "no-pulse", Value: "perhaps"}} {
		if _, err := ParseSettings([]Setting{s}); err == nil || !strings.Contains(err.Error(), s.Name) {
			t.Errorf("ParseSettings(%v) = %v, want an error that names it", s, err)
		}
	}
}

// FuzzParse checks that a text that can be read is written the same ever after.
func FuzzParse(f *testing.F) {
	f.Add(example)
	for _, e := range events {
		f.Add("+1s " + e.text + "\n")
	}
	for _, c := range calls {
		f.Add("+1s timer\n\t+1ms " + c.text + "\n")
	}
	f.Add("@5m pulses 1 2 pps=20 break=33.3% pause=1s\n+1s keys 123 every=0s\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := Parse(text)
		if err != nil {
			return
		}
		written := first.Format()
		second, err := Parse(written)
		if err != nil {
			t.Fatalf("Parse(%q): %v", written, err)
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("%q is read as\n%+v, written %q and read as\n%+v", text, first, written, second)
		}
	})
}
