package board

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed profiles/*.json
var profiles embed.FS

// Profiles returns the names of the built-in board files, sorted.
func Profiles() []string {
	files, _ := fs.Glob(profiles, "profiles/*.json") // the pattern is well formed
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(path.Base(f), ".json")
	}
	return names
}

// Profile returns the built-in board file of that name.
func Profile(name string) (data []byte, ok bool) {
	data, err := profiles.ReadFile("profiles/" + name + ".json")
	return data, err == nil
}
