package dialplan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestString(t *testing.T) {
	tests := []struct {
		syntax     Syntax
		text, want string
	}{
		{Sipura, "(x.)", "(x.)"},
		{Sipura, " ( X X . | 1 [ 2-4 ] ) ", "(xx.|1[2-4])"},
		{Sipura, "L:10,S:3,(x)", "(x)"},
		{Sipura, "S:4.50,L:8,(x)", "L:8,S:4.5,(x)"},
		{Sipura, "([0-9][5][2357-9*#]x)", "(x5[2357-9*#]x)"},
		{Sipura, "([12][123])", "([12][1-3])"},
		{Sipura, "([x*][xX])", "([0-9*]x)"},
		{Sipura, "(<8 : 1650>xxx)", "(<8:1650>xxx)"},
		{Sipura, "(<9,:>1x|<:12>x)", "(<9,:>1x|<:12>x)"},
		{Sipura, "(P5<:1000>|xxS0)", "(P5 <:1000>|xxS0)"},
		{Sipura, "(L4 12S.5|1)", "(L4 12S0.5|1)"},
		{Sipura, "(L4 12S0.5 .|1)", ""},
		{Sipura, "(l4 12s0.5!)", "(L4 12S0.5!)"},
		{Grandstream, "{ x+ }", "{ xx. }"},
		{Grandstream, `{ x+ | \+x+ | *x+ | *xx*x+ }`, `{ xx. | \+xx. | *xx. | *xx*xx. }`},
		{Grandstream, "{x.|^1900x+|<2=011>x+|1xxT}", "{ ^1900xx. | x. | <2=011>xx. | 1xxT }"},
		{Grandstream, "{[x#]+|0,b[147]}", "{ [0-9#][0-9#]. | 0,B[147] }"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			p, err := Parse(tt.text, tt.syntax)
			if tt.want == "" {
				if err == nil {
					t.Fatalf("Parse(%q) = %s, want an error", tt.text, p)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.String() != tt.want {
				t.Errorf("Parse(%q).String() = %s, want %s", tt.text, p, tt.want)
			}
			again, err := Parse(p.String(), tt.syntax)
			if err != nil || again.String() != p.String() {
				t.Errorf("Parse(%s) = %v, %v", p, again, err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		syntax Syntax
		text   string
		want   string // column:expectation of each fault
	}{
		{"nothing", Sipura, "", "1:'(' 1:a rule 1:')'"},
		{"no bracket", Sipura, "x.", "1:'(' 3:')'"},
		{"not closed", Sipura, "(x.", "4:')'"},
		{"text behind", Sipura, "(x)x", "4:the end of the plan"},
		{"empty rule", Sipura, "(x||x)", "4:a rule"},
		{"unknown character", Sipura, "(xyz)", "3:a key, x, a set, '<', '.', ',', '!', a timer, '|' or ')' 4:a key, x, a set, '<', '.', ',', '!', a timer, '|' or ')'"},
		{"columns count characters", Sipura, "(ä.)", "2:a key, x, a set, '<', '.', ',', '!', a timer, '|' or ')' 3:a key or set before '.'"},
		{"dot first", Sipura, "(.x)", "2:a key or set before '.'"},
		{"dot twice", Sipura, "(x..)", "4:a key or set before '.'"},
		{"dot after a substitution", Sipura, "(<1:2>.)", "7:a key or set before '.'"},
		{"empty set", Sipura, "([]x)", "3:a key in the set"},
		{"blank set", Sipura, "([ ]x)", "3:a key in the set"},
		{"open set", Sipura, "([12|x)", "5:']'"},
		{"falling range", Sipura, "([5-2]1)", "3:a range of rising digits"},
		{"range of stars", Sipura, "([1-*]1)", "3:a range of rising digits"},
		{"letter in Sipura's grammar", Sipura, "(A)", "2:a key, x, a set, '<', '.', ',', '!', a timer, '|' or ')'"},
		{"substitution not closed", Sipura, "(<1:2|x)", "6:'>'"},
		{"substitution without colon", Sipura, "(<12>x)", "5:':'"},
		{"bad insertion", Sipura, "(<1:x>2)", "5:a digit, '*', '#', '+' or '>'"},
		{"bar in the middle", Sipura, "(1!2)", "4:the end of the rule after '!'"},
		{"bar alone", Sipura, "(!)", "2:a number before '!'"},
		{"timer without a time", Sipura, "(1Sx)", "4:a time of 0 to 3600 seconds"},
		{"timer too long", Sipura, "(1S4000)", "4:a time of 0 to 3600 seconds"},
		{"header without a colon", Sipura, "L10,(x)", "2:':'"},
		{"header without a comma", Sipura, "L:10(x)", "5:','"},
		{"two faults in two rules", Sipura, "(1[|2.|..)", "4:']' 8:a key or set before '.' 9:a key or set before '.'"},
		{"round brackets", Grandstream, "(x+)", "1:'{' 1:a key, x, a set, '<', '.', '+', ',', 'T', '|' or '}' 4:a key, x, a set, '<', '.', '+', ',', 'T', '|' or '}' 5:'}'"},
		{"plus first", Grandstream, "{+1}", "2:a key or set before '+'"},
		{"exclusion in the middle", Grandstream, "{1^2}", "3:'^' only at the start of a rule"},
		{"T in the middle", Grandstream, "{1T2}", "4:the end of the rule after 'T'"},
		{"bad escape", Grandstream, `{\z}`, "3:a key after '\\'"},
		{"Sipura's separator", Grandstream, "{<1:2>3}", "4:a key, x or a set 6:'='"},
		{"too many elements", Sipura, "(" + strings.Repeat("x", 64) + ")", "2:a rule of at most 63 elements"},
		{"too many insertions", Sipura, "(x<:" + strings.Repeat("9", 65) + ">)", "2:a rule that inserts at most 64 characters"},
		{"too many rules", Sipura, "(" + strings.Repeat("x|", 258) + "x)", "514:at most 256 rules"},
		{"too long", Sipura, "(" + strings.Repeat(" ", 9000) + "x)", "8193:at most 8192 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.text, tt.syntax)
			var faults Errors
			if !errors.As(err, &faults) {
				t.Fatalf("Parse(%q) = %v, want Errors", tt.text, err)
			}
			var got []string
			for _, f := range faults {
				got = append(got, fmt.Sprintf("%d:%s", f.Column, f.Want))
			}
			if tt.want != strings.Join(got, " ") {
				t.Errorf("Parse(%q):\n got %s\nwant %s", tt.text, strings.Join(got, " "), tt.want)
			}
			for i := 1; i < len(faults); i++ {
				if faults[i].Column < faults[i-1].Column {
					t.Errorf("faults are not in order: %v", faults)
				}
			}
		})
	}
}
