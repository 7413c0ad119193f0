package dialplan

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	tests := []struct {
		name, plan, number, want string
	}{
		{"ordinary", "(1900xxx!|<9,:>xxx|<:1212>xxxx|xx.)", "5551", `
			  112: fails at key 1 (emergency)
			  1900xxx!: fails at key 1
			  <9,:>xxx: fails at key 1
			> <:1212>xxxx: dials 12125551
			  xx.: dials 5551, but can grow`},
		{"barred", "(1900xx!|xx.)", "190012", `
			  112: fails at key 2 (emergency)
			> 1900xx!: bars it
			  xx.: dials 190012, but can grow`},
		{"emergency", "(112xx|xx.)", "112", `
			> 112: dials 112 (emergency)
			  112xx: not complete after 3 keys
			  xx.: dials 112, but can grow`},
		{"cut short by an emergency number", "(xx.)", "1121", `
			> 112: fails at key 4 (emergency)
			  xx.: dials 1121, but can grow`},
		{"too short", "(xxx)", "5", `
			  112: fails at key 1 (emergency)
			  xxx: not complete after 1 keys`},
		{"too long", "(2|22)", "2222", `
			  112: fails at key 1 (emergency)
			  2: fails at key 2
			> 22: fails at key 3`},
		{"no key", "(xx.)", "5z", `
			  112: fails at key 1 (emergency)
			  xx.: fails at key 2`},
		{"hot line", "(P0<:1>|P2<:2>|x)", "", `
			  112: not complete after 0 keys (emergency)
			> P0 <:1>: dials 1
			  P2 <:2>: not complete after 0 keys
			  x: not complete after 0 keys`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := MustParse(tt.plan, Sipura).WithEmergency("112")
			var lines []string
			for _, trace := range p.Explain(tt.number) {
				lines = append(lines, trace.String())
			}
			got := strings.Join(lines, "\n")
			want := strings.ReplaceAll(strings.TrimPrefix(tt.want, "\n"), "\t\t\t", "")
			if got != want {
				t.Errorf("Explain(%q):\n%s\nwant:\n%s", tt.number, got, want)
			}
		})
	}
}

func TestTraceColumn(t *testing.T) {
	for i, trace := range MustParse("{ x+ | ^19x+ }", Grandstream).Explain("1") {
		if want := []int{8, 3}[i]; trace.Column != want {
			t.Errorf("%s is at column %d, want %d", trace.Rule, trace.Column, want)
		}
	}
}
