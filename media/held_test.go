package media

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	heldBy   = regexp.MustCompile("`([a-z0-9/]+)` ((?:Test|Fuzz)[A-Za-z0-9]+(?:, (?:Test|Fuzz)[A-Za-z0-9]+)*) \\|\\n")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestHeldDocument wants each row of what the voice is held to, in docs/voice.md, to
// name tests that there are.
func TestHeldDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/voice.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "## What the voice is held to\n")
	part, _, _ = strings.Cut(part, "\n## ")
	rows := heldBy.FindAllStringSubmatch(part, -1)
	if lines := strings.Count(part, "\n|") - 2; len(rows) != lines || len(rows) < 20 {
		t.Errorf("%d of %d rows name a package and its tests", len(rows), lines)
	}
	for _, row := range rows {
		known := testsOf(t, row[1])
		for name := range strings.SplitSeq(row[2], ", ") {
			if !known[name] {
				t.Errorf("there is no %s in %s", name, row[1])
			}
		}
	}
}

// testsOf are the names of the tests of a package.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
	}
	return names
}
