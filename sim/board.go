package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/hal/ssd1306"
	panelmodel "github.com/ata-agent/ata-agent/hal/ssd1306/model"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	agmodel "github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/handset"
	setmodel "github.com/ata-agent/ata-agent/slic/handset/model"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Hardware is what the lines of a Board are made of.
type Hardware uint8

// Hardware of a Board.
const (
	Si321x  Hardware = iota // Si3215 chips on a bus, as register-level models
	Ag1171                  // Ag1171 modules on GPIO pins, as pin-level models
	Handset                 // telephones that are part of the device, as pin-level models
)

// BoardOpts are the settings of a Board. The zero value of a field means the
// default given in brackets.
type BoardOpts struct {
	Hardware Hardware     // [Si321x]
	Lines    int          // 1..64, handsets 1..32 [2]
	Seed     uint64       // of everything random; telephones and chips differ from each other
	Realtime bool         // pace in real time; otherwise by time.Sleep, for bubbles
	Period   int          // samples of an Exchange [dsp.Frame]
	Settings Settings     // of all telephones [DefaultSettings or HandsetSettings]
	Logger   *slog.Logger // of the drivers [discard]

	// Calibration and Calibrated are those of the drivers of lines of Si321x,
	// which have line i as an argument [none].
	Calibration func(line int) *si321x.Calibration
	Calibrated  func(line int, c si321x.Calibration)

	// Country returns the country whose tones the user of a telephone knows;
	// line is the index in Lines [none].
	Country func(line int) *country.Country
}

// A Board is a terminal adapter whose hardware is simulated: real drivers over
// models of the chips, wires, telephones, and the PCM highway between them. It
// runs while PCM.Exchange is being called; each Line needs its Run besides.
type Board struct {
	PCM     hal.PCM           // the World
	Lines   []slic.Line       // drivers, in the order of the channels
	Phones  []*Telephone      // what hangs on the lines
	Chips   []*model.Chip     // of a board of Si321x, for injecting faults
	Modules []*agmodel.Module // of a board of Ag1171, for injecting faults
	Sets    []*setmodel.Set   // of a board of handsets, for injecting faults
	World   *World            // for stopping the clock

	speakers map[int]*handset.Speaker // by channel of the highway
}

// NewBoard returns a board that has just got its power.
func NewBoard(opts BoardOpts) (*Board, error) {
	if opts.Lines == 0 {
		opts.Lines = 2
	}
	if most := opts.Hardware.lines(); opts.Lines < 0 || opts.Lines > most {
		return nil, fmt.Errorf("sim: new board: %d lines, want 1..%d", opts.Lines, most)
	}
	b := &Board{}
	var ports []Port
	for i := range opts.Lines {
		port, err := b.addLine(i, &opts)
		if err != nil {
			return nil, fmt.Errorf("sim: new board: line %d: %w", i+1, err)
		}
		ports = append(ports, port)
	}
	for range b.Sets {
		ports = append(ports, Port{Chip: loudspeaker{}})
	}
	w, err := NewWorld(ports, WorldOpts{Realtime: opts.Realtime, Period: opts.Period})
	if err != nil {
		return nil, err
	}
	b.World, b.PCM = w, w
	if len(b.speakers) > 0 {
		b.PCM = handset.WithSpeakers(w, b.speakers)
	}
	return b, nil
}

// lines is how many lines a board may have: a handset needs two channels.
func (h Hardware) lines() int {
	if h == Handset {
		return maxWorldSize / 2
	}
	return maxWorldSize
}

func (b *Board) addLine(i int, opts *BoardOpts) (Port, error) {
	seed := opts.Seed + uint64(i)<<32
	phone := TelephoneOpts{Seed: seed, Settings: opts.Settings, Handset: opts.Hardware == Handset}
	if opts.Country != nil {
		phone.Country = opts.Country(i)
	}
	tel := NewTelephone(phone)
	wiring := wiring{slot: i, name: fmt.Sprintf("line %d", i+1), pair: tel, seed: seed}
	if opts.Logger != nil {
		wiring.log = opts.Logger.With("line", i+1)
	}
	if opts.Calibration != nil {
		wiring.calibration = opts.Calibration(i)
	}
	if opts.Calibrated != nil {
		wiring.calibrated = func(c si321x.Calibration) { opts.Calibrated(i, c) }
	}
	b.Phones = append(b.Phones, tel)
	if opts.Hardware == Handset {
		set, err := b.addSet(tel, wiring, opts.Lines+i)
		return Port{Chip: set}, err
	}
	port := Port{Pair: tel}
	var err error
	switch opts.Hardware {
	case Si321x:
		port.Chip, err = b.addChip(wiring)
	case Ag1171:
		port.Chip, err = b.addModule(wiring)
	default:
		err = fmt.Errorf("unknown hardware %d", opts.Hardware)
	}
	return port, err
}

// wiring is what a line of the board connects.
type wiring struct {
	slot int // on the highway
	name string
	pair twowire.Pair
	seed uint64
	log  *slog.Logger // nil discards

	calibration *si321x.Calibration
	calibrated  func(si321x.Calibration)
}

func (b *Board) addChip(w wiring) (Chip, error) {
	chip := model.New(model.Opts{Pair: w.pair, Seed: w.seed})
	const slotBits = 8 * slotBytes
	dev, err := si321x.New(chip.SPI(), si321x.Pins{Reset: chip.Reset(), Int: chip.Int()}, si321x.Opts{
		Name: w.name, Logger: w.log, TxStart: w.slot * slotBits, RxStart: w.slot * slotBits,
		Calibration: w.calibration, Calibrated: w.calibrated,
	})
	if err != nil {
		return nil, err
	}
	b.Chips = append(b.Chips, chip)
	b.Lines = append(b.Lines, dev)
	return chip, nil
}

// addModule wires a module with all its pins and the resistor that lets audio
// run on hook.
func (b *Board) addModule(w wiring) (Chip, error) {
	module := agmodel.New(agmodel.Opts{Pair: w.pair, Seed: w.seed, Slot: w.slot, Bias: true})
	dev, err := gpioslic.New(
		gpioslic.Pins{SHK: module.SHK(), RM: module.RM(), FR: module.FR(), PD: module.PD()},
		gpioslic.Opts{Name: w.name, Logger: w.log, OnHookAudio: true},
	)
	if err != nil {
		return nil, err
	}
	b.Modules = append(b.Modules, module)
	b.Lines = append(b.Lines, dev)
	return module, nil
}

// addSet puts a telephone with a handset on the board, its loudspeaker on a
// channel of its own.
func (b *Board) addSet(user *Telephone, w wiring, channel int) (Chip, error) {
	set := setmodel.New(setmodel.Opts{User: atHandset{user}, Seed: w.seed, Slot: w.slot, Speaker: channel})
	pad, err := keypad.New(set.Keypad.Rows(), set.Keypad.Columns(), setmodel.Legend)
	if err != nil {
		return nil, err
	}
	user.panel = panelmodel.New(panelAddress, panelRows)
	display, err := ssd1306.New(user.panel, panelAddress, panelRows)
	if err != nil {
		return nil, err
	}
	speaker := handset.NewSpeaker(speakerLevel)
	dev, err := handset.New(
		handset.Parts{Hook: set.Hook(), Ringer: speaker, Keypad: pad, Lamp: set.Lamp(), Display: display},
		handset.Opts{Name: w.name, Logger: w.log},
	)
	if err != nil {
		return nil, err
	}
	if b.speakers == nil {
		b.speakers = map[int]*handset.Speaker{}
	}
	b.speakers[channel] = speaker
	b.Sets = append(b.Sets, set)
	b.Lines = append(b.Lines, dev)
	return set, nil
}

const (
	speakerLevel = -10 // dBm0, how loud handsets ring
	panelAddress = 0x3c
	panelRows    = 64
)

// loudspeaker is the channel of a loudspeaker, which says nothing. The set it is
// in takes what it plays out of the frame.
type loudspeaker struct{}

func (loudspeaker) Frame(time.Time, []byte, []byte) {}
func (loudspeaker) ClockStopped()                   {}
func (loudspeaker) Unclocked(time.Time)             {}

// Do works a telephone, counted from 1 as on the command line: see
// Telephone.Do.
func (b *Board) Do(ctx context.Context, phone int, actions []string, out io.Writer) error {
	if phone < 1 || phone > len(b.Phones) {
		return fmt.Errorf("sim: there is no telephone %d, want 1..%d", phone, len(b.Phones))
	}
	if err := b.Phones[phone-1].Do(ctx, actions, out); err != nil {
		return fmt.Errorf("sim: telephone %d: %w", phone, err)
	}
	return nil
}
