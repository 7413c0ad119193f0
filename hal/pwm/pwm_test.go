package pwm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// tree is a class of PWM chips with one chip that has two outputs, the second of
// which is exported.
func tree(t *testing.T) (class, output string) {
	t.Helper()
	root := t.TempDir()
	class, device := filepath.Join(root, "class"), filepath.Join(root, "devices", "fe20c000.pwm")
	chip := filepath.Join(class, "pwmchip0")
	output = filepath.Join(chip, "pwm1")
	for _, dir := range []string{device, output} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(device, filepath.Join(chip, "device")); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{
		"npwm": "2\n", "export": "", "unexport": "", "pwm1/period": "0", "pwm1/duty_cycle": "0", "pwm1/enable": "1",
	} {
		if err := os.WriteFile(filepath.Join(chip, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return class, output
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOutput(t *testing.T) {
	class, dir := tree(t)
	for _, chip := range []string{"pwmchip0", "fe20c000.pwm"} {
		o, err := Open(class, chip, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "enable")); got != "0" {
			t.Errorf("enable %q after Open", got)
		}
		for _, tt := range []struct {
			f            physic.Frequency
			duty         gpio.Duty
			period, high string
		}{
			{1 * physic.KiloHertz, gpio.DutyHalf, "1000000", "500000"},
			{2 * physic.KiloHertz, gpio.DutyHalf, "500000", "250000"},
			{25 * physic.Hertz, gpio.DutyMax, "40000000", "40000000"},
			{25 * physic.Hertz, 0, "40000000", "0"},
		} {
			if err := o.Set(tt.f, tt.duty); err != nil {
				t.Fatal(err)
			}
			period, high := read(t, filepath.Join(dir, "period")), read(t, filepath.Join(dir, "duty_cycle"))
			if period != tt.period || high != tt.high || read(t, filepath.Join(dir, "enable")) != "1" {
				t.Errorf("Set(%v, %v): period %s, pulse %s, want %s, %s", tt.f, tt.duty, period, high, tt.period, tt.high)
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "enable")); got != "0" {
			t.Errorf("enable %q after Close", got)
		}
		if got := read(t, filepath.Join(class, "pwmchip0/unexport")); got != "1" {
			t.Errorf("unexport %q", got)
		}
	}
}

func TestErrors(t *testing.T) {
	class, _ := tree(t)
	for _, tt := range []struct {
		chip    string
		channel int
		want    string
	}{
		{"pwmchip7", 0, "pwmchip0 (fe20c000.pwm)"},
		{"pwmchip0", 2, "0..1"},
		{"pwmchip0", -1, "0..1"},
		{"pwmchip0", 0, "pwm0"}, // exported, but nothing appeared
	} {
		if _, err := Open(class, tt.chip, tt.channel); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Open(%s, %d) = %v, want an error that says %q", tt.chip, tt.channel, err, tt.want)
		}
	}
	if got := read(t, filepath.Join(class, "pwmchip0/export")); got != "0" {
		t.Errorf("export %q", got)
	}
	o, err := Open(class, "pwmchip0", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []physic.Frequency{0, 2 * physic.MegaHertz} {
		if err := o.Set(f, gpio.DutyHalf); err == nil {
			t.Errorf("Set(%v) works", f)
		}
	}
	if err := o.Set(physic.KiloHertz, gpio.DutyMax+1); err == nil {
		t.Error("a duty of more than the whole is taken")
	}
}
