package ssd1306_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/hal/ssd1306"
	"github.com/ata-agent/ata-agent/hal/ssd1306/model"
)

func TestShow(t *testing.T) {
	for _, rows := range []int{64, 32} {
		panel := model.New(0x3c, rows)
		d, err := ssd1306.New(panel, 0x3c, rows)
		if err != nil {
			t.Fatal(err)
		}
		show := func(lines, want []string) {
			t.Helper()
			if err := d.Show(lines); err != nil {
				t.Fatal(err)
			}
			if got := panel.Lines(); !slices.Equal(got, want) {
				t.Errorf("%d rows: the panel reads %q, want %q", rows, got, want)
			}
		}
		show([]string{"Calling", "0123456789*#", "Ada O'Neil (B&B)", "A-Z: @home_100%"},
			[]string{"CALLING", "0123456789*#", "ADA O'NEIL (B&B)", "A-Z: @HOME_100%"})
		show([]string{"", strings.Repeat("8", 40), "Zoë", "", "a fifth"},
			[]string{"", strings.Repeat("8", 21), "ZO\ufffd", ""})
		show(nil, nil)
		show([]string{"again"}, []string{"AGAIN", "", "", ""})
		for _, m := range panel.Misuses() {
			t.Errorf("%d rows: misuse: %s", rows, m)
		}
	}
}

// TestTrouble pulls the plug: the display is set up again when it answers.
func TestTrouble(t *testing.T) {
	panel := model.New(0x3d, 64)
	d, err := ssd1306.New(panel, 0x3d, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Show([]string{"one"}); err != nil {
		t.Fatal(err)
	}
	panel.Fail(true)
	if err := d.Show([]string{"two"}); err == nil {
		t.Error("Show works without a display")
	}
	panel.Fail(false)
	if err := d.Show([]string{"two"}); err != nil || panel.Lines()[0] != "TWO" {
		t.Errorf("the panel reads %q, %v", panel.Lines(), err)
	}
}

// TestGlyphsDiffer reads every character back and no two alike.
func TestGlyphsDiffer(t *testing.T) {
	for r := rune(' '); r <= '~'; r++ {
		g := ssd1306.GlyphOf(r)
		if got := g.Read(); got != r && got != []rune(strings.ToUpper(string(r)))[0] && got != '\ufffd' {
			t.Errorf("%q reads %q", r, got)
		}
		if strings.ContainsRune("ABCXYZabcxyz0123456789*#+-.,:()@", r) && g.Read() == '\ufffd' {
			t.Errorf("the font lacks %q", r)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := ssd1306.New(nil, 0x3c, 64); err == nil {
		t.Error("New works without a bus")
	}
	if _, err := ssd1306.New(model.New(0x3c, 64), 0x3c, 48); err == nil {
		t.Error("New takes 48 rows")
	}
}
