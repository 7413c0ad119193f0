package board

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestProfilesAreDocumented: a profile names a page, the page names the profile
// and every pin of it, and the overlay names the profile and has its card.
func TestProfilesAreDocumented(t *testing.T) {
	page := regexp.MustCompile(`docs/boards/[a-z0-9-]+\.md`)
	for _, name := range Profiles() {
		data, _ := Profile(name)
		d, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		doc := read(t, "../"+page.FindString(string(data)))
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("the page of %s does not name it", name)
		}
		if name == "generic" {
			continue
		}
		for i := range d.Lines {
			for _, p := range pinsOf(&d.Lines[i]) {
				if !strings.Contains(doc, p.name) {
					t.Errorf("the page of %s lacks %s", name, p.name)
				}
			}
		}
		overlay := read(t, "../docs/boards/overlays/"+name+".dts")
		for _, want := range []string{`board = "` + name + `";`, `simple-audio-card,name = "` + d.Audio.Card + `";`} {
			if !strings.Contains(overlay, want) {
				t.Errorf("the overlay of %s lacks %s", name, want)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
