package telemetry

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/privacy"
)

var update = flag.Bool("update", false, "rewrite the table of docs/telemetry.md")

const (
	docsFile  = "../docs/telemetry.md"
	tableHead = "| field | labels | unit | category | level | for | is |\n|---|---|---|---|---|---|---|\n"
)

// fieldTable is the table of docs/telemetry.md.
func fieldTable() string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, f := range catalogue.Fields() {
		var labels []string
		for _, l := range f.Labels {
			labels = append(labels, l.Name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %d | %s | %s |\n", f.Name, strings.Join(labels, ", "), f.Unit, f.Category, f.Level, f.Purpose, f.Help)
	}
	return b.String()
}

// TestDocsNameEveryField keeps the table of docs/telemetry.md as the fields are
// declared; -update rewrites it.
func TestDocsNameEveryField(t *testing.T) {
	page, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(page), tableHead)
	if !ok {
		t.Fatalf("%s has no table of fields", docsFile)
	}
	want := before + fieldTable()
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(page, []byte(want)) {
		t.Errorf("the table of %s is not what is declared; go test ./telemetry -update rewrites it", docsFile)
	}
}

var metricName = regexp.MustCompile(`\bata_[a-z0-9_]+`)

// TestDashboardAndAlertsKnowTheFields looks for metrics that do not exist.
func TestDashboardAndAlertsKnowTheFields(t *testing.T) {
	for _, file := range []string{"dashboard.json", "alerts.yml", "alerts_test.yml"} {
		text, err := os.ReadFile("../docs/telemetry/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is no JSON", file)
		}
		names := metricName.FindAllString(string(text), -1)
		if len(names) < 10 {
			t.Errorf("%s names only %d metrics", file, len(names))
		}
		for _, name := range names {
			if !known(name) {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}

func known(name string) bool {
	if _, ok := catalogue.Lookup(name); ok {
		return true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			f, ok := catalogue.Lookup(base)
			return ok && f.Kind == privacy.Distribution
		}
	}
	return false
}
