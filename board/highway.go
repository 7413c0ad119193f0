package board

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/handset"
)

// highway is the board's sound card with its channels in the order of the lines,
// opened when it is first used, and the signal that its clock runs.
type highway struct {
	devices Devices
	audio   Audio
	channel []int // of each line

	speakers map[int]*handset.Speaker // by channel

	pcm      hal.PCM                     // nil until it is open
	counted  atomic.Pointer[hal.Counted] // pcm, if it counts
	closed   bool
	to, from [][]int16 // a block for each channel of the card

	once    sync.Once
	started chan struct{}         // closed by the first period
	err     atomic.Pointer[error] // of the last Exchange, nil when it worked
}

var errClosed = errors.New("board: exchange: the sound card is closed")

func newHighway(d *Description, devices Devices) *highway {
	h := &highway{devices: devices, audio: d.Audio, speakers: speakersOf(d), started: make(chan struct{})}
	for i := range d.Lines {
		h.channel = append(h.channel, d.Lines[i].Channel)
	}
	return h
}

// Channels implements hal.PCM: one for each line.
func (h *highway) Channels() int { return len(h.channel) }

// Period implements hal.PCM.
func (h *highway) Period() int { return h.audio.Period }

// Delay implements hal.Delayed: what is queued ahead of the hardware, and what
// the card adds. It belongs to the goroutine of Exchange.
func (h *highway) Delay() int {
	if d, ok := h.pcm.(hal.Delayed); ok {
		return d.Delay() + h.audio.Delay
	}
	return h.audio.Delay
}

// Exchange implements hal.PCM. A card that is missing is looked for again with
// each call.
func (h *highway) Exchange(toPhone, fromPhone [][]int16) error {
	err := h.exchange(toPhone, fromPhone)
	if err != nil {
		h.failed(err)
		return err
	}
	h.err.Store(nil)
	h.once.Do(func() { close(h.started) })
	return nil
}

// failed keeps an error for those who wait for the clock.
func (h *highway) failed(err error) { h.err.Store(&err) }

func (h *highway) exchange(toPhone, fromPhone [][]int16) error {
	if h.closed {
		return errClosed
	}
	if h.pcm == nil {
		if err := h.connect(); err != nil {
			return err
		}
	}
	for i, ch := range h.channel {
		h.to[ch], h.from[ch] = toPhone[i], fromPhone[i]
	}
	for ch, s := range h.speakers {
		s.Read(h.to[ch])
	}
	return h.pcm.Exchange(h.to, h.from)
}

// connect opens the card and prepares silence for channels without a line.
func (h *highway) connect() error {
	pcm, err := h.devices.PCM(h.audio)
	if err != nil {
		return fmt.Errorf("board: open sound card %q: %w", h.audio.Card, err)
	}
	if pcm.Channels() != h.audio.Channels || pcm.Period() != h.audio.Period {
		err := fmt.Errorf("board: open sound card %q: it has %d channels and a period of %d, want %d and %d",
			h.audio.Card, pcm.Channels(), pcm.Period(), h.audio.Channels, h.audio.Period)
		return errors.Join(err, pcm.Close())
	}
	h.to, h.from = blocks(h.audio), blocks(h.audio)
	h.pcm = pcm
	if c, ok := pcm.(hal.Counted); ok {
		h.counted.Store(&c)
	}
	return nil
}

// Stats implements hal.Counted.
func (h *highway) Stats() (s hal.HighwayStats) {
	if c := h.counted.Load(); c != nil {
		s = (*c).Stats()
	}
	return s
}

func blocks(a Audio) [][]int16 {
	all := make([][]int16, a.Channels)
	for i := range all {
		all[i] = make([]int16, a.Period)
	}
	return all
}

// Close implements hal.PCM. It is called when Exchange is called no more.
func (h *highway) Close() error {
	h.closed = true
	if h.pcm == nil {
		return nil
	}
	err := h.pcm.Close()
	h.pcm = nil
	return err
}

// wait waits until the clock has run for a period.
func (h *highway) wait(ctx context.Context) error {
	select {
	case <-h.started:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reason says why the clock does not run, as far as it is known.
func (h *highway) reason() error {
	if err := h.err.Load(); err != nil {
		return *err
	}
	return errors.New("board: no period has passed yet")
}
