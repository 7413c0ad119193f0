package line_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
)

var update = flag.Bool("update", false, "rewrite the scripts in testdata with what happens")

// emergencyNumbers are those of every plan in these tests.
var emergencyNumbers = []string{"112", "911"}

// TestScripts plays every script of testdata. A script is what a line shall do;
// -update makes it what the line does.
//
// Settings of a script: country of fixture_test.go [us], cpc [its], callerid, a
// scheme of package callerid [none], plan in Sipura grammar [(xxxx)], and those of script.ParseSettings.
func TestScripts(t *testing.T) {
	for _, file := range scriptFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func scriptFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	return files
}

// allScripts returns the scripts of testdata by file name.
func allScripts(t *testing.T) map[string]*script.Script {
	t.Helper()
	all := map[string]*script.Script{}
	for _, file := range scriptFiles(t) {
		all[file], _ = readFile(t, file)
	}
	return all
}

func readFile(t *testing.T, file string) (s *script.Script, text string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err = script.Parse(string(b))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s, string(b)
}

func playFile(t *testing.T, file string) {
	want, text := readFile(t, file)
	got := script.Run(want, builder(t, want)).Format()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != text {
		t.Errorf("%s: %s", file, firstDifference(got, text))
	}
}

// builder returns a function that makes the machine a script is for.
func builder(t *testing.T, s *script.Script) func(line.Port) script.Machine {
	t.Helper()
	settings, err := script.ParseSettings(s.Settings)
	if err != nil {
		t.Fatal(err)
	}
	return func(port line.Port) script.Machine {
		name, ok := s.Setting("country")
		if !ok {
			name = "us"
		}
		c, ok := countries[name]
		if !ok {
			t.Fatalf("no country %q in fixture_test.go", name)
		}
		if cpc, ok := s.Setting("cpc"); ok {
			if c.CPC, err = time.ParseDuration(cpc); err != nil {
				t.Fatal(err)
			}
		}
		c.CallerID, _ = s.Setting("callerid")
		return line.New(port, &c, planOf(t, s), settings)
	}
}

func planOf(t *testing.T, s *script.Script) *dialplan.Plan {
	t.Helper()
	text, ok := s.Setting("plan")
	if !ok {
		text = "(xxxx)"
	}
	plan, err := dialplan.Parse(text, dialplan.Sipura)
	if err != nil {
		t.Fatal(err)
	}
	return plan.WithEmergency(emergencyNumbers...)
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return "first difference at line " + around(g, w, i)
		}
	}
	return "the script has more lines than happened:\n" + strings.Join(w[len(g):], "\n")
}

func around(g, w []string, i int) string {
	lines := func(s []string) string {
		return strings.Join(s[max(0, min(len(s), i-2)):min(len(s), i+3)], "\n\t")
	}
	return "\n got:\n\t" + lines(g) + "\nwant:\n\t" + lines(w)
}
