package dialplan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// trail keys a number and writes down what each step gave. A tilde is a wait
// for the time the last result asked for.
//
//	P10 partial, wait 10 s     C3 complete, wait 3 s    , outside dial tone
//	D=123 dialed               N no match               B barred
//	E=112 dialed as an emergency number
func trail(m *Match, steps string) string {
	out := []string{mark(m, m.Start())}
	for i := 0; i < len(steps); i++ {
		if steps[i] == '~' {
			out = append(out, mark(m, m.Timeout()))
			continue
		}
		out = append(out, mark(m, m.Key(steps[i])))
	}
	return strings.Join(out, " ")
}

func mark(m *Match, r Result) string {
	tone := ""
	if r.OutsideTone {
		tone = ","
	}
	switch {
	case r.Barred:
		return "B"
	case r.Status == NoMatch:
		return "N"
	case r.Status == Done && m.Emergency():
		return "E=" + m.Number()
	case r.Status == Done:
		return "D=" + m.Number()
	case r.Wait == 0:
		return "P" + tone
	}
	letter := map[Status]string{Partial: "P", Complete: "C"}[r.Status]
	return fmt.Sprintf("%s%g%s", letter, r.Wait.Seconds(), tone)
}

func TestSipura(t *testing.T) {
	const na = "(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)"
	tests := []struct {
		name, plan, keys, want string
	}{
		{"fixed length dials at once", "(xxx)", "123", "P P10 P10 D=123"},
		{"no rule fits", "(1xx)", "2", "P N"},
		{"long timer rejects", "(xxx)", "12~", "P P10 P10 N"},
		{"keys after the end change nothing", "(xxx)", "1234~", "P P10 P10 D=123 D=123 D=123"},
		{"keys after a rejection change nothing", "(xxx)", "12~3", "P P10 P10 N N"},
		{"open ended waits the short timer", "(xx.)", "12~", "P C3 C3 D=12"},
		{"zero or more", "(01.)", "0~", "P C3 D=0"},
		{"zero or more, one", "(01.)", "01~", "P C3 C3 D=01"},
		{"zero or more, two", "(01.)", "011~", "P C3 C3 C3 D=011"},
		{"zero or more, other key", "(01.)", "02", "P C3 N"},
		{"repeat in the middle", "(1x.9)", "1239~", "P P10 P10 P10 C3 D=1239"},
		{"repeated set", "([*#].1)", "*#*1", "P P10 P10 P10 D=*#*1"},
		{"set with range and star", "([235-8*]x)", "71", "P P10 D=71"},
		{"set with star", "([235-8*]x)", "*1", "P P10 D=*1"},
		{"outside of the set", "([235-8*]x)", "4", "P N"},
		{"x is no star", "(x)", "*", "P N"},
		{"a letter key fits nothing", "(x.)", "1A", "P C3 N"},
		{"nothing typed is no number", "(x.)", "~", "P P"},

		{"insert", "(<:1212>xxxxxxx|1xxxxxxxxxx)", "5551234", "P P10 P10 P10 P10 P10 P10 D=12125551234"},
		{"insert, both rules", "(<:1212>xxxxxxx|1xxxxxxxxxx)", "1234567~", "P P10 P10 P10 P10 P10 P10 C3 D=12121234567"},
		{"replace", "(<8:1650>xxxxxxx)", "85551212", "P P10 P10 P10 P10 P10 P10 P10 D=16505551212"},
		{"delete with tone", "(<9,:>1xxxxxxxxxx)", "912125551234", "P P10, P10 P10 P10 P10 P10 P10 P10 P10 P10 P10 D=12125551234"},
		{"delete behind", "(xx.<#:>)", "123#", "P P10 P10 P10 D=123"},
		{"delete behind, open without it", "(xx.|xx.<#:>)", "123#", "P C3 C3 C3 D=123"},
		{"substitute a set", "(<[12]x:0>3)", "193", "P P10 P10 D=03"},
		{"insert a plus", "(<00:+>x.)", "0049~", "P P10 C3 C3 C3 D=+49"},
		{"two substitutions", "(<1:2>3<4:5>)", "134", "P P10 P10 D=235"},
		{"an empty number is none", "(<9:>x.)", "9~", "P P10 N"},
		{"tone between keys", "(9,xxx)", "912", "P P10, P10 P10"},
		{"tone if any rule wants it", "(9,xxx|911)", "911", "P P10, P10 C3"},
		{"tone before the first key", "(,x.)", "1", "P, C3"},

		{"bar", "(1900xxxxxxx!|1xxxxxxxxxx)", "19005551234", "P P10 P10 P10 P10 P10 P10 P10 P10 P10 P10 B"},
		{"bar does not fit", "(1900xxxxxxx!|1xxxxxxxxxx)", "18005551234", "P P10 P10 P10 P10 P10 P10 P10 P10 P10 P10 D=18005551234"},
		{"bar behind in the list", "(1xxx|1900!)", "1900", "P P10 P10 P10 D=1900"},
		{"bar after a wait", "(19!|1xxx)", "19~", "P P10 C3 B"},
		{"longer than barred", "(19!|1xxx)", "1900", "P P10 C3 P10 D=1900"},

		{"list order wins", "(12<:9>|12<:8>)", "12", "P P10 D=129"},
		{"list order after a wait", "(x.|12<:8>)", "12~", "P C3 C3 D=12"},
		{"list order the other way", "(12<:8>|x.)", "12~", "P C3 C3 D=128"},
		{"complete rule closes the others", "(12|123)", "12~", "P P10 C3 D=12"},
		{"the longer one wins", "(12|123)", "123", "P P10 C3 D=123"},

		{"header timers", "L:8,S:4,(00|011xxxxxx.)", "0", "P P8"},
		{"short timer of the header", "S:4,(00|011xxxxxx.)", "011123456~", "P P10 P10 P10 P10 P10 P10 P10 C4 C4 D=011123456"},
		{"header in the other order", "S:4,L:8,(xx.)", "1", "P C4"},
		{"S0 dials at once", "(1xxS0|x.)", "123", "P C3 C3 D=123"},
		{"S inside", "(12S5|x.)", "12", "P C3 C3"},
		{"S inside, alone", "(12.S5)", "12~", "P C5 C5 D=12"},
		{"L inside from there on", "(1L2xx)", "12~", "P P2 P2 N"},
		{"the longest of the long timers", "(1L2xx|1xxxL20)", "1", "P P10"},
		{"the longest of the long timers, first", "(1xxx|1L2xx)", "1", "P P10"},
		{"fraction", "(xx.S0.5)", "1", "P C0.5"},
		{"L0 rejects", "(1L0xx)", "1", "P N"},

		{"hot line", "(P0 <:1234>)", "", "D=1234"},
		{"hot line with the short timer", "(S0 <:1234>)", "", "D=1234"},
		{"hot line without a timer", "(<:1234>)", "", "D=1234"},
		{"warm line", "(P5 <:1000>|xxxx)", "~", "P5 D=1000"},
		{"warm line, short pause", "(P1 <:1000>|xxxx)", "~", "P1 D=1000"},
		{"warm line, dialed", "(P5 <:1000>|xxxx)", "2345", "P5 P10 P10 P10 D=2345"},
		{"warm line without pause", "(<:1000>|xxxx)", "~", "C3 D=1000"},
		{"pause, then digits", "(P2<:9>xx)", "~12", "P2 P10 P10 D=912"},
		{"pause, then nothing", "(P2<:9>xx)", "~~", "P2 P10 N"},
		{"a key ends the pause", "(P2<:9>xx)", "1", "P2 N"},
		{"pause in the middle", "(12P2<:9>|12xx)", "12~", "P P10 P2 D=129"},
		{"pause in the middle, dialed", "(12P2<:9>|12xx)", "1234", "P P10 P2 P10 D=1234"},
		{"two pauses add up", "(P2P3<:9>)", "~~", "P2 P3 D=9"},
		{"pause longer than the short timer", "(12|12P5<:9>)", "12~", "P P10 C3 D=12"},
		{"a pause that completes nothing", "(12|12P1x)", "12~~", "P P10 C1 C3 D=12"},
		{"a pause before an open number", "(P1<:9>x.|55)", "~~", "P1 C3 D=9"},
		{"a pause does not end the tone", "(9,P1x|9,xx)", "9~", "P P1, P10,"},
		{"tone after a pause", "(P2,x.)", "~1", "P2 P10, C3"},

		{"default plan, service code", na, "*72", "P P10 P10 D=*72"},
		{"default plan, operator", na, "0~", "P C3 D=0"},
		{"default plan, local", na, "5551234~", "P P10 P10 P10 P10 P10 P10 C3 D=5551234"},
		{"default plan, long distance", na, "12125551234", "P P10 P10 P10 P10 P10 P10 P10 P10 P10 P10 D=12125551234"},
		{"default plan, information", na, "411~", "P P10 P10 C3 D=411"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.plan, Sipura)
			if err != nil {
				t.Fatal(err)
			}
			if got := trail(p.NewMatch(), tt.keys); got != tt.want {
				t.Errorf("%s %q = %s, want %s", tt.plan, tt.keys, got, tt.want)
			}
		})
	}
}

func TestGrandstream(t *testing.T) {
	tests := []struct {
		name, plan, keys, want string
	}{
		{"one or more", "{ x+ }", "12~", "P C4 C4 D=12"},
		{"at least two", "{ xx+ }", "1", "P P4"},
		{"at least two, two", "{ xx+ }", "12~", "P P4 C4 D=12"},
		{"x. is zero or more", "{ 1x. }", "1~", "P C4 D=1"},
		{"fixed length dials at once", "{[369]11 | 1617xxxxxxx}", "911", "P P4 P4 D=911"},
		{"insert", "{ <=1617>xxxxxxx }", "5551234", "P P4 P4 P4 P4 P4 P4 D=16175551234"},
		{"insert with a blank", "{ < =1>xx }", "22", "P P4 D=122"},
		{"replace", "{1xxx[2-9]xxxxxx | <2=011>x+}", "2345~", "P P4 C4 C4 C4 D=011345"},
		{"delete", "{ <9=>xx }", "912", "P P4 P4 D=12"},
		{"exclude", "{^1900x+ | x+}", "19005~", "P C4 C4 C4 C4 C4 B"},
		{"exclude behind in the list", "{x+ | ^1900x+}", "19005~", "P C4 C4 C4 C4 C4 B"},
		{"not excluded", "{^1900x+ | x+}", "18005~", "P C4 C4 C4 C4 C4 D=18005"},
		{"set with star", "{ [x*]+ }", "*1~", "P C4 C4 D=*1"},
		{"second dial tone", "{ 0,x+ }", "012~", "P P4, C4 C4 D=012"},
		{"T waits three seconds", "{ 1xxT }", "123~", "P P4 P4 C3 D=123"},
		{"T lets a longer rule win", "{ 1xxT | 1xxxx }", "12345", "P P4 P4 C3 P4 D=12345"},
		{"letter keys", "{ [A-D]x }", "", ""},
		{"a letter", "{ Bx }", "b1", "P P4 D=B1"},
		{"escaped star", `{ \*123 }`, "*123", "P P4 P4 P4 D=*123"},
		{"default plan, number", `{ x+ | \+x+ | *x+ | *xx*x+ }`, "123~", "P C4 C4 C4 D=123"},
		{"default plan, code", `{ x+ | \+x+ | *x+ | *xx*x+ }`, "*47*1~", "P P4 C4 C4 P4 C4 D=*47*1"},
		{"default plan, plus", `{ x+ | \+x+ | *x+ | *xx*x+ }`, "+49~", "P P4 C4 C4 D=+49"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.plan, Grandstream)
			if tt.want == "" {
				if err == nil {
					t.Fatalf("Parse(%q) takes a range of letters", tt.plan)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := trail(p.NewMatch(), tt.keys); got != tt.want {
				t.Errorf("%s %q = %s, want %s", tt.plan, tt.keys, got, tt.want)
			}
		})
	}
}

func TestEmergency(t *testing.T) {
	tests := []struct {
		name, plan, keys, want string
	}{
		{"not in the plan", "(1234567)", "112", "P P10 P10 E=112"},
		{"in no plan at all", "(5)", "911", "P P10 P10 E=911"},
		{"a collecting rule does not delay it", "(xx.)", "112", "P C3 C3 E=112"},
		{"a longer ordinary number can be dialed", "(112xxxx)", "1121234", "P P10 P10 C3 P10 P10 P10 D=1121234"},
		{"and the emergency number after a wait", "(112xxxx)", "112~", "P P10 P10 C3 E=112"},
		{"an extension can be dialed", "(xxxx)", "1121", "P P10 P10 C3 D=1121"},
		{"long timers do not delay it", "L:30,S:20,(xxxx)", "112~", "P P30 P30 C3 E=112"},
		{"a short timer of the plan that is shorter", "S:1,(xxxx)", "112~", "P P10 P10 C1 E=112"},
		{"a plan that dials it at once", "(112S0|xxxx)", "112", "P P10 P10 E=112"},
		{"cannot be barred", "(112!|x.)", "112", "P C3 C3 E=112"},
		{"a bar does not delay it", "(112xxxx!)", "112", "P P10 P10 E=112"},
		{"cannot be rewritten", "(<112:999>)", "112", "P P10 P10 E=112"},
		{"cannot be given a prefix", "(<:0049>xxx)", "112", "P P10 P10 E=112"},
		{"wins over an earlier rule", "(xxx<:5>)", "112", "P P10 P10 E=112"},
		{"a longer emergency number", "(x.)", "1~", "P C3 D=1"},
		{"the start of a longer emergency number", "(7)", "11~", "P P10 P10 N"},
		{"an emergency number in another", "(7)", "9119", "P P10 P10 C3 E=9119"},
		{"an emergency number in another, waited", "(7)", "911~", "P P10 P10 C3 E=911"},
		{"behind a prefix", "(<9,:>xxx|xxxS1)", "9112", "P P10, P10 C1 E=112"},
		{"a hot line stays one", "(P0<:1234>)", "", "D=1234"},
		{"a hot line to an emergency number", "(P0<:112>)", "", "E=112"},
		{"a warm line leaves time for it", "(P5<:1234>|xxxx)", "112~", "P5 P10 P10 C3 E=112"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := MustParse(tt.plan, Sipura).WithEmergency("112", "911", "9119", "", "call")
			if strings.Contains(tt.name, "no plan") {
				p = MustParse(tt.plan, Sipura).WithEmergency("112").WithEmergency("911", "112")
			}
			if got := trail(p.NewMatch(), tt.keys); got != tt.want {
				t.Errorf("%s %q = %s, want %s", tt.plan, tt.keys, got, tt.want)
			}
		})
	}
}

// Plans made from one plan do not see each other's emergency numbers.
func TestWithEmergencyCopies(t *testing.T) {
	base := MustParse("(7)", Sipura).WithEmergency("21", "22", "23") // append leaves room
	a, b := base.WithEmergency("112"), base.WithEmergency("113")
	for number, p := range map[string]*Plan{"112": a, "113": b} {
		if got := trail(p.NewMatch(), number); got != "P P10 P10 E="+number {
			t.Errorf("%s = %s", number, got)
		}
	}
}

func TestDialKey(t *testing.T) {
	tests := []struct {
		name, plan, keys, want string
	}{
		{"dials what is complete", "(xx.)", "12#", "P C3 C3 D=12"},
		{"rejects what is not", "(xxx)", "12#", "P P10 P10 N"},
		{"rejects nothing", "(x.)", "#", "P N"},
		{"bars", "(1x.!|x.)", "12#", "P C3 C3 B"},
		{"part of a number", "(*xx*x.#)", "*21*5#", "P P10 P10 P10 P10 P10 D=*21*5#"},
		{"ends a wait for a longer emergency number", "(112xx)", "112#", "P P10 P10 C3 E=112"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := MustParse(tt.plan, Sipura).WithDialKey('#').WithEmergency("112")
			if got := trail(p.NewMatch(), tt.keys); got != tt.want {
				t.Errorf("%s %q = %s, want %s", tt.plan, tt.keys, got, tt.want)
			}
		})
	}
}

func TestNumberBeforeDone(t *testing.T) {
	m := MustParse("(1900!|<:9>xx|19xx|x.)", Sipura).WithEmergency("19").NewMatch()
	for i, want := range []string{"1", "19", "190", ""} {
		m.Key("1900"[i])
		if got := m.Number(); got != want {
			t.Errorf("after %q Number() = %q, want %q", m.Keys(), got, want)
		}
	}
}

func TestWithTimers(t *testing.T) {
	p := MustParse("(xx|xxx.S7)", Sipura).WithTimers(20*time.Second, 0).WithTimers(0, 5*time.Second)
	if got, want := trail(p.NewMatch(), "12~"), "P P20 C5 D=12"; got != want {
		t.Errorf("trail = %s, want %s", got, want)
	}
	if got, want := p.String(), "L:20,S:5,(xx|xxx.S7)"; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
}

// A number longer than a match holds is rejected, not cut.
func TestLongestNumber(t *testing.T) {
	m := MustParse("(<:"+strings.Repeat("9", maxLiterals)+">x.)", Sipura).NewMatch()
	for range maxKeys {
		if r := m.Key('1'); r.Status != Complete {
			t.Fatalf("Key after %d keys = %v", len(m.Keys()), r)
		}
	}
	if want := strings.Repeat("9", maxLiterals) + strings.Repeat("1", maxKeys); m.Number() != want {
		t.Errorf("Number() = %q, want %q", m.Number(), want)
	}
	if r := m.Key('1'); r.Status != NoMatch {
		t.Errorf("Key after %d keys = %v, want no match", maxKeys, r)
	}
}

func TestStartAgain(t *testing.T) {
	m := MustParse("(P5<:1>|xx)", Sipura).NewMatch()
	for range 3 {
		if got, want := trail(m, "12"), "P5 P10 D=12"; got != want {
			t.Fatalf("trail = %s, want %s", got, want)
		}
	}
}

func TestKeyAllocates(t *testing.T) {
	m := MustParse("(P5<:1>|<9,:>x.|xxS4|*xx.<#:>|[2-9]xxxxxx)", Sipura)
	match := m.WithEmergency("112", "911").WithDialKey('#').NewMatch()
	if n := testing.AllocsPerRun(100, func() {
		match.Start()
		for _, k := range []byte("9123456#") {
			match.Key(k)
		}
		match.Timeout()
	}); n != 0 {
		t.Errorf("%v allocations per number", n)
	}
}
