package handset_test

import (
	"math"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/slic/handset"
	"github.com/ata-agent/ata-agent/slic/handset/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// hand lifts the handset as the suite's telephone on a pair would close its
// loop. The loudspeaker's sound stands for ringing voltage on that pair.
type hand struct {
	phone *slictest.Telephone
	loud  float64 // of the loudspeaker, squares smoothed over some milliseconds
	turns float64
}

func (h *hand) Step(heard model.Heard) model.Doing {
	h.loud += (heard.Speaker*heard.Speaker - h.loud) / 4
	drive := twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.02}
	if h.turns += 20.0 / 8000; h.loud > 1e6 {
		drive = twowire.Drive{Volts: 70 * math.Sin(2*math.Pi*h.turns), Ohms: 160}
	}
	h.phone.Step(drive)
	return model.Doing{Off: h.phone.Lifted()}
}

// set is a telephone with its driver, all parts fitted.
func set(t *testing.T, m model.Opts, o handset.Opts) (*model.Set, *handset.Dev, *handset.Speaker) {
	t.Helper()
	m.Speaker = 1
	s := model.New(m)
	pad, err := keypad.New(s.Keypad.Rows(), s.Keypad.Columns(), model.Legend)
	if err != nil {
		t.Fatal(err)
	}
	speaker := handset.NewSpeaker(-10)
	dev, err := handset.New(handset.Parts{Hook: s.Hook(), Ringer: speaker, Keypad: pad, Lamp: s.Lamp()}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range s.Misuses() {
			t.Errorf("misuse: %v", u)
		}
	})
	return s, dev, speaker
}

// frame returns a function that runs the telephone for one frame, its loudspeaker
// on the highway.
func frame(s *model.Set, speaker *handset.Speaker) func(time.Time) {
	var block [1]int16
	var dr, dx [4]byte
	return func(at time.Time) {
		speaker.Read(block[:])
		dr[2], dr[3] = byte(uint16(block[0])>>8), byte(block[0])
		s.Frame(at, dr[:], dx[:])
	}
}

func TestLine(t *testing.T) {
	slictest.TestLine(t, slictest.Rig{
		New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
			s, dev, speaker := set(t, model.Opts{User: &hand{phone: phone}}, handset.Opts{})
			return slictest.Port{Line: dev, Frame: frame(s, speaker)}
		},
	})
}
