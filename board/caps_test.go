package board

import (
	"testing"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// What a port can do is known before its devices are there: the agent decides by
// it once whether telephones are told who calls and loops are opened.
func TestCapsWithoutDevices(t *testing.T) {
	for _, tt := range []struct {
		name string
		line Line
		want slic.Caps
	}{
		{"chip", Line{SLIC: "si3210"}, si321x.Caps()},
		{"module", Line{SLIC: "ag1171"}, slic.Caps{Reversal: true, RingFrequency: true}},
		{
			"module with all wires", Line{SLIC: "ag1171", GPIO: GPIO{PD: "PD"}, Flags: Flags{OnHookAudio: true}},
			slic.Caps{Reversal: true, RingFrequency: true, OpenLoop: true, OnHookTransmit: true},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Open(&Description{Lines: []Line{tt.line}}, nothing{}, Opts{})
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Lines[0].Caps(); got != tt.want {
				t.Errorf("Caps() = %+v, want %+v", got, tt.want)
			}
		})
	}
}
