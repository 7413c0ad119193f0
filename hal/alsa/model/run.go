package model

import (
	"context"
	"errors"

	"github.com/ata-agent/ata-agent/hal"
)

// Sample is what the hardware captures without Run: frames count from the start
// of the stream.
func Sample(frame, channel, channels int) int16 { return int16(frame*channels + channel + 1) }

// Advance moves the hardware of both directions, as it moves while a program is
// late.
func (c *Card) Advance(frames int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(frames)
}

func (c *Card) advance(frames int) {
	for range frames {
		if s := c.side[0]; s != nil && s.state == started {
			for ch := range s.channels {
				s.put(s.hw, ch, Sample(s.hw, ch, s.channels))
			}
			s.hw++
		}
		if s := c.side[1]; s != nil && s.state == started {
			for ch := range s.channels {
				c.played = append(c.played, s.take(ch))
			}
			s.hw++
		}
	}
}

// take plays the sample of a channel that the hardware has come to.
func (s *Stream) take(channel int) int16 {
	v := s.get(s.hw, channel)
	if s.silence {
		s.put(s.hw, channel, 0)
	}
	return v
}

// Highway is what a card is wired to.
type Highway interface {
	hal.PCM
	StopClock()
	StartClock()
}

// Run joins the card to a highway until ctx ends: while the streams run, the
// card gives it its clock, plays to it and captures from it; while they do not,
// its clock stands still. It paces itself by the highway's Exchange. Samples have
// 16 bits, and the highway has no fewer channels than the streams.
func (c *Card) Run(ctx context.Context, h Highway) error {
	c.mu.Lock()
	c.running = true
	c.mu.Unlock()
	toPhone, fromPhone := blocks(h), blocks(h)
	for ctx.Err() == nil {
		if c.play(toPhone) {
			h.StartClock()
		} else {
			h.StopClock()
		}
		switch err := h.Exchange(toPhone, fromPhone); {
		case err == nil:
			c.capture(fromPhone)
		case !errors.Is(err, hal.ErrClockLost):
			return err
		}
	}
	return nil
}

func blocks(h hal.PCM) [][]int16 {
	all := make([][]int16, h.Channels())
	for i := range all {
		all[i] = make([]int16, h.Period())
	}
	return all
}

// play takes a period from the playback's ring and says whether the clock runs.
func (c *Card) play(toPhone [][]int16) (clock bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range toPhone {
		clear(b)
	}
	if s := c.side[1]; s != nil && s.state == started && !c.still {
		for i := range toPhone[0] {
			for ch := range s.channels {
				toPhone[ch][i] = s.take(ch)
			}
			s.hw++
		}
	}
	capture := c.side[0]
	return capture != nil && capture.state == started && !c.still
}

// capture puts a period into the capture's ring.
func (c *Card) capture(fromPhone [][]int16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.side[0]; s != nil && s.state == started {
		for i := range fromPhone[0] {
			for ch := range s.channels {
				s.put(s.hw, ch, fromPhone[ch][i])
			}
			s.hw++
		}
	}
	c.wake()
}
