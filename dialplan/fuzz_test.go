package dialplan

import "testing"

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"(x.)", "L:10,S:3.5,(*xx|[3469]11|<8:1650>xxxS0|<9,:>x.!|P5 <:+1>|xx.<#:>)",
		"{ x+ | ^1900x. | <2=011>x+ | [x#]+T | \\+x+ | 0,b }", "(((", "([", "(<", "(P", "{\\", "(1\x00)", "(ä|[é-ü])",
	} {
		f.Add(s, uint8(Sipura))
		f.Add(s, uint8(Grandstream))
	}
	f.Fuzz(func(t *testing.T, text string, syntax uint8) {
		p, err := Parse(text, Syntax(syntax))
		if err != nil {
			if err.Error() == "" {
				t.Fatalf("Parse(%q): an error that says nothing", text)
			}
			return
		}
		again, err := Parse(p.String(), Syntax(syntax))
		if err != nil {
			t.Fatalf("Parse(%q) = %q, which does not parse: %v", text, p, err)
		}
		if again.String() != p.String() {
			t.Fatalf("Parse(%q) = %q, parsed again %q", text, p, again)
		}
	})
}

// FuzzMatch checks what the caller relies on whatever the plan and the keys:
// the same steps give the same results, a number that is over stays so, only a
// finished number can be an emergency, and waiting always comes to an end.
func FuzzMatch(f *testing.F) {
	f.Add("(x.|112xx|P3<:9>x|<9,:>xx.!)", "9112~3#~")
	f.Add("(P0<:1>)", "1")
	f.Add("(x.x.x.x.x.<1:2>x.,x.S0)", "1111111111111111111111")
	f.Add("(P1 x.P2x.P3 <:1>|x.L0 xS3600)", "1~~2~~~3")
	f.Fuzz(func(t *testing.T, text, steps string) {
		for _, s := range []Syntax{Sipura, Grandstream} {
			if p, err := Parse(text, s); err == nil {
				check(t, p.WithEmergency("112", "1", "*#9").WithDialKey('#'), steps)
			}
		}
	})
}

func check(t *testing.T, p *Plan, steps string) {
	a, b := p.NewMatch(), p.NewMatch()
	for i := 0; i < len(steps); i++ {
		before := a.Result()
		ra, rb := step(a, steps[i]), step(b, steps[i])
		switch {
		case ra != rb || a.Number() != b.Number():
			t.Fatalf("%s %q: %v and %v", p, steps[:i+1], ra, rb)
		case over(before) && ra != before:
			t.Fatalf("%s %q: %v after %v", p, steps[:i+1], ra, before)
		case ra.Wait < 0 || over(ra) && ra.Wait != 0:
			t.Fatalf("%s %q: wait %v", p, steps[:i+1], ra.Wait)
		case ra.Status == Done && a.Number() == "", ra.Status != Done && a.Emergency():
			t.Fatalf("%s %q: %v %q", p, steps[:i+1], ra, a.Number())
		}
	}
	for i := 0; a.Result().Wait > 0; i++ {
		if i > maxElements*len(p.rules)+1 {
			t.Fatalf("%s %q: still waiting: %v", p, steps, a.Result())
		}
		a.Timeout()
	}
	p.Explain(steps)
	_ = p.String()
}

func step(m *Match, c byte) Result {
	if c == '~' {
		return m.Timeout()
	}
	return m.Key(c)
}

func over(r Result) bool { return r.Status == NoMatch || r.Status == Done }
