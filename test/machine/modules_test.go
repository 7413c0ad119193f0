//go:build machine

package machine

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// modules finds kernel modules below a folder and puts them in order.
type modules struct {
	paths map[string]string // by name
	order []string
	data  map[string][]byte
}

func findModules(root string, extra ...string) (*modules, error) {
	m := &modules{paths: map[string]string{}, data: map[string][]byte{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(d.Name(), ".ko") {
			m.paths[moduleName(path)] = path
		}
		return err
	})
	for _, path := range extra {
		m.paths[moduleName(path)] = path
	}
	return m, err
}

// moduleName is the name by which the kernel knows the module in a file.
func moduleName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// add puts a module after those it needs.
func (m *modules) add(name string) error {
	if m.data[name] != nil {
		return nil
	}
	path, ok := m.paths[name]
	if !ok {
		return fmt.Errorf("the kernel has no module %s", name)
	}
	data, err := readModule(path)
	if err != nil {
		return err
	}
	m.data[name] = data
	needs, err := dependencies(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, n := range needs {
		if err := m.add(n); err != nil {
			return err
		}
	}
	m.order = append(m.order, name)
	return nil
}

// readModule reads a module, which may be compressed.
func readModule(path string) ([]byte, error) {
	if strings.HasSuffix(path, ".xz") {
		return exec.Command("xz", "-dc", path).Output()
	}
	return os.ReadFile(path)
}

// dependencies are the names in the module's own list.
func dependencies(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("no list of dependencies")
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range strings.Split(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			for _, n := range strings.Split(list, ",") {
				names = append(names, strings.ReplaceAll(n, "-", "_"))
			}
		}
	}
	return names, nil
}
