package board

import (
	"strings"
	"testing"
)

// TestSystemSaysWhatIsMissing asks the kernel for devices that no computer has.
func TestSystemSaysWhatIsMissing(t *testing.T) {
	s := System()
	if p, err := s.PCM(Audio{Card: "NoSuchCard42", Channels: 2, Period: 80, Periods: 4}); err == nil || p != nil {
		t.Errorf("PCM = %v, %v", p, err)
	} else if !strings.Contains(err.Error(), "NoSuchCard42") && !strings.Contains(err.Error(), "unsupported") {
		t.Errorf("PCM: %v does not name the card", err)
	}
	if p, err := s.SPI("/dev/spidev250.99"); err == nil || p != nil {
		t.Errorf("SPI = %v, %v", p, err)
	}
	if p, err := s.SPI("SPI0.0"); err == nil || p != nil {
		t.Errorf("SPI = %v, %v", p, err)
	}
	for _, bus := range []string{"/dev/i2c-250", "i2c-1"} {
		if b, err := s.I2C(bus); err == nil || b != nil {
			t.Errorf("I2C(%s) = %v, %v", bus, b, err)
		}
	}
	if p, err := s.PWM("no-such-chip", 0); err == nil || p != nil {
		t.Errorf("PWM = %v, %v", p, err)
	}
	if p, err := s.Pin("NO_SUCH_PIN_42", "test", false); err == nil || p != nil {
		t.Errorf("Pin = %v, %v", p, err)
	}
}
