//go:build machine

package machine

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// programs are dynamically linked programs of the machine's architecture in a
// folder that packages were unpacked into.
type programs struct {
	root  string
	paths map[string]string // below root, of all files by their base names
	taken []string          // paths
}

// unpackPrograms unpacks programs and libraries.
const unpackPrograms = `mkdir root
for d in apt/*.deb; do dpkg-deb --fsys-tarfile $d | tar x -C root --wildcards --no-anchored 'sbin/*' '*.so*' 2>/dev/null || true; done
rm -r apt`

// fetchPrograms finds the packages with their libraries, in the cache or in
// Debian's archive.
func (a arch) fetchPrograms(t *testing.T, name string, packages ...string) *programs {
	dir := cached(t, a.name+"-"+name, fmt.Sprint(packages, unpackPrograms), func(dir string) error {
		apt, err := newDebian(a.name, filepath.Join(dir, "apt"))
		if err != nil {
			return err
		}
		if err := apt.downloadAll(packages...); err != nil {
			return err
		}
		_, err = run(dir, nil, "sh", "-c", unpackPrograms)
		return err
	})
	p := &programs{root: filepath.Join(dir, "root"), paths: map[string]string{}}
	err := filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(p.root, path)
			p.paths[filepath.Base(path)] = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// add takes a program or library with the libraries it needs.
func (p *programs) add(name string) error {
	path, ok := p.paths[name]
	if !ok {
		return fmt.Errorf("the packages have no %s", name)
	}
	if slices.Contains(p.taken, path) {
		return nil
	}
	p.taken = append(p.taken, path)
	f, err := elf.Open(filepath.Join(p.root, path))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	needs, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, n := range needs {
		if err := p.add(n); err != nil {
			return err
		}
	}
	return nil
}

// put puts what was taken into a file system. Programs find their libraries in
// /lib, their interpreter among them.
func (p *programs) put(files *archive) error {
	for _, path := range p.taken {
		data, err := os.ReadFile(filepath.Join(p.root, path))
		if err != nil {
			return err
		}
		folder := "lib"
		if filepath.Base(filepath.Dir(path)) == "sbin" {
			folder = "bin"
		}
		files.file(folder+"/"+filepath.Base(path), data)
	}
	return nil
}
