package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ata-agent/ata-agent/factory"
)

// TestVirtualBench: either virtual board passes, here in virtual time.
func TestVirtualBench(t *testing.T) {
	for name, hardware := range virtualBoards {
		synctest.Test(t, func(t *testing.T) {
			hw, bench, give, err := virtualBench(hardware, false)
			if err != nil {
				t.Fatal(err)
			}
			v, err := factory.Run(t.Context(), hw, bench, factory.Opts{})
			if err != nil || !v.Passed || len(v.Results) != 12 {
				t.Errorf("%s: passed %v, %v: %+v", name, v.Passed, err, v.Results)
			}
			if err := give(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFactoryTestsItself: a virtual board passes in real time too, and the
// verdict is one JSON document.
func TestFactoryTestsItself(t *testing.T) {
	if os.Getenv("ATA_FULL") == "" {
		t.Skip("15 s in real time: set ATA_FULL=1")
	}
	code, out, err := command(t, nil, "factory", "test", "-board", "virtual", "-json")
	var v factoryVerdict
	if code != exitOK || json.Unmarshal([]byte(out), &v) != nil || !v.Passed || v.Board != "virtual" || len(v.Results) != 12 {
		t.Errorf("exit %d: %s%s", code, out, err)
	}
}

// TestFactoryOnABareComputer: a board without its devices fails, and says why.
func TestFactoryOnABareComputer(t *testing.T) {
	if code, _, err := command(t, nil, "factory", "test", "-board", "generic", "-patience", "1ms"); code != exitFailed || !strings.Contains(err, "the device has not passed") {
		t.Errorf("exit %d: %s", code, err)
	}
}

func TestPrintFactory(t *testing.T) {
	var b strings.Builder
	v := factoryVerdict{Verdict: factory.Verdict{Seconds: 12.3, Results: []factory.Result{
		{Line: 1, Step: "chip", Outcome: factory.Fail, Text: "no answer"}, {Step: "lamps", Outcome: factory.Pass, Text: "5 lamps work"},
	}}}
	if err := printFactory(&b, v); err != nil {
		t.Fatal(err)
	}
	want := "line 1      chip   fail  no answer\nbox         lamps  pass  5 lamps work\nNOT PASSED               in 12 s\n"
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
}

// TestPerson: the person at the bench is told what to do and asked again until
// the answer is yes or no.
func TestPerson(t *testing.T) {
	var said bytes.Buffer
	p := newPerson(&environment{stdin: strings.NewReader("what?\nY\nno\n"), stderr: &said})
	ctx := t.Context()
	for _, want := range []bool{true, false} {
		if seen, err := p.SeesLamp(ctx, "power"); err != nil || seen != want {
			t.Errorf("SeesLamp = %v, %v, want %v", seen, err, want)
		}
	}
	if _, err := p.SeesLamp(ctx, "power"); err == nil {
		t.Error("an end of the input is an answer")
	}
	for _, err := range []error{p.Lift(ctx, 1), p.PressKeys(ctx, 2, "1*"), p.HangUp(ctx, 3), p.PressButton(ctx)} {
		if err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"line 1: lift", "line 2: press 1 *\n", "line 3: put", "press the button"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("said %q, want %q in it", said.String(), want)
		}
	}
}
