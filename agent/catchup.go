package agent

import (
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// driverPatience is how long a deadline waits for a driver to say that it has told
// everything. On a computer that has time for it that takes microseconds, or as long
// as contacts bounce.
const driverPatience = 500 * time.Millisecond

// catchUp keeps what is known of how far a port's driver has told what happened, so
// that no deadline passes while an edge from before it is on its way. It belongs to
// the line's goroutine.
type catchUp struct {
	driver slic.CatchingUp // nil: the port cannot tell

	told  time.Time // everything up to then was told, in the time of the lines
	asked time.Time // what the driver was asked about; zero is nothing
	until time.Time // it is waited for, by the program's clock
}

func newCatchUp(l slic.Line) catchUp {
	driver, _ := l.(slic.CatchingUp)
	return catchUp{driver: driver}
}

// ask begins to wait for the driver to tell what happened until now, in the time of
// the lines.
func (c *catchUp) ask(now time.Time) {
	c.asked, c.until = now, time.Now().Add(driverPatience)
	c.driver.CatchUp()
}

// answered notes that the driver has told everything it was asked about.
func (c *catchUp) answered() { c.told, c.asked = c.asked, time.Time{} }

// waiting says whether an answer is still to be waited for.
func (c *catchUp) waiting() bool { return !c.asked.IsZero() }

// certain says whether all that happened before a deadline is known, now being past
// it. If not the driver is asked. One that does not answer is believed in the end.
func (p *port) certain(due, now time.Time) bool {
	c := &p.caught
	switch {
	case c.driver == nil || !p.chipUp || !c.told.Before(due):
		return true
	case !c.waiting():
		c.ask(now)
		return false
	case time.Now().Before(c.until):
		return false
	}
	p.log.Warn("the port is late, what happens on the line may be misunderstood", "by", driverPatience)
	c.answered()
	return true
}
