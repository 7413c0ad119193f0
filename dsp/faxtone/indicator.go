package faxtone

// indicator hears CI, by which a modem that called says what it is: at 300 bit/s in
// channel 1 of V.21, and again and again, ten ones, nine zeros and a one, and an
// octet between start and stop bit (ITU-T V.8 §5.1). Two sequences in a row are
// recognized.
type indicator struct {
	heard keyed
	since int  // steps since nine zeros ended, 0 = they did not
	told  bool // of this burst
}

// In steps: a sequence has thirty bits, nine of them zeros in a row.
const (
	ciSequence = 80
	ciZeros    = 24
	ciSlack    = 2
)

// hear looks at what the discriminator made of a step and reports true when it
// makes CI recognized.
func (c *indicator) hear(d *discriminator) bool {
	zeros := c.zeros(d)
	if c.since > 0 {
		if c.since++; c.since > ciSequence+ciSlack+1 {
			c.since = 0
		}
	}
	if !zeros {
		return false
	}
	again := c.since > ciSequence-ciSlack
	c.since = 1
	if !again || c.told {
		return false
	}
	c.told = true
	return true
}

// zeros says that nine zeros have just ended.
func (c *indicator) zeros(d *discriminator) bool {
	k := &c.heard
	space, run := !k.mark, k.run
	k.hear(d)
	return space && k.mark && k.fit > 0 && run >= ciZeros-ciSlack && run <= ciZeros+ciSlack
}
