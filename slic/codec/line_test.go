package codec_test

import (
	"os"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic/codec"
	"github.com/ata-agent/ata-agent/slic/codec/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// all are the modes of the model.
var all = codec.Modes{
	Open: "000", Forward: "010", Reverse: "110", OnHookTransmit: "011", OnHookTransmitRev: "111", Ringing: "001",
}

// least are those that a circuit must have.
var least = codec.Modes{Forward: "010", Ringing: "001"}

func rig(m model.Opts, o codec.Opts) slictest.Rig {
	return slictest.Rig{New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
		m.Pair = phone
		c := model.New(m)
		t.Cleanup(func() {
			for _, u := range c.Misuses() {
				t.Error("misuse:", u)
			}
		})
		dev, err := codec.New(codec.Pins{Hook: c.Hook(), Mode: c.Mode()}, o)
		if err != nil {
			t.Fatal(err)
		}
		return slictest.Port{Line: dev, Frame: func(time.Time) { c.Frame() }}
	}}
}

func TestLine(t *testing.T) {
	for i, tt := range []struct {
		name  string
		model model.Opts
		opts  codec.Opts
	}{
		{"all modes", model.Opts{}, codec.Opts{Modes: all}},
		{"least modes", model.Opts{}, codec.Opts{Modes: least}},
		{"slow bus", model.Opts{Access: time.Millisecond, HookActiveHigh: true}, codec.Opts{Modes: all, HookActiveHigh: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rig(tt.model, tt.opts)
			r.Sample = i > 0 && os.Getenv("ATA_FULL") != "1"
			slictest.TestLine(t, r)
		})
	}
}
