package handset

import (
	"context"
	"fmt"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic"
)

// panelRetry is the wait before a display or lamp that failed is tried again.
const panelRetry = 5 * time.Second

// runPanel shows what is wanted on the lamp and the display until ctx ends, and
// leaves both dark. A bus takes its time, so it has a goroutine of its own; the
// first of several failures in a row goes to notes.
func (d *Dev) runPanel(ctx context.Context, notes chan<- error) {
	if d.parts.Lamp == nil && d.parts.Display == nil {
		return
	}
	failing := false
	for ctx.Err() == nil {
		err := d.showScreen(d.toShow())
		if err != nil && !failing {
			select {
			case notes <- err:
			default:
			}
		}
		var retry <-chan time.Time
		if failing = err != nil; failing {
			retry = time.After(panelRetry)
		}
		select {
		case <-ctx.Done():
		case <-d.look:
		case <-retry:
		}
	}
	if err := d.showScreen(slic.Screen{}); err != nil {
		d.opts.Logger.Debug("panel not cleared", "line", d.opts.Name, "err", err)
	}
}

func (d *Dev) showScreen(s slic.Screen) error {
	if d.parts.Lamp != nil {
		if err := d.parts.Lamp.Out(gpio.Level(s.Messages)); err != nil {
			return fmt.Errorf("message lamp: %w", err)
		}
	}
	if d.parts.Display == nil {
		return nil
	}
	if err := d.parts.Display.Show(Text(s)); err != nil {
		return fmt.Errorf("display: %w", err)
	}
	return nil
}

// Text is how a screen reads on a display of four lines: what goes on, number,
// name, and whether messages wait.
func Text(s slic.Screen) []string {
	lines := []string{s.Status, s.Number, s.Name, ""}
	if s.Messages {
		lines[3] = "Messages"
	}
	if strings.Join(lines, "") == "" {
		return nil
	}
	return lines
}
