//go:build machine

package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// debian is Debian's archive as another architecture sees it. It does not touch
// the state of the host.
type debian struct {
	dir     string   // of what was downloaded
	env     []string // of apt
	updated error    // one of several indexes may fail, and the rest be enough
}

// aptOptions let apt look for another architecture.
const aptOptions = `APT::Architecture "%[1]s";
APT::Architectures { "%[1]s"; };
Dir::State::status "%[2]s/status";
Dir::State::Lists "%[2]s/lists";
Dir::Cache "%[2]s/cache";
Dir::Cache::Archives "%[2]s";
APT::Sandbox::User "root";
Acquire::Languages "none";
`

// newDebian reads the archive's indexes into a folder.
func newDebian(arch, dir string) (*debian, error) {
	for _, d := range []string{"lists/partial", "cache", "partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	options := filepath.Join(dir, "options")
	err := errors.Join(
		os.WriteFile(filepath.Join(dir, "status"), nil, 0o644),
		os.WriteFile(options, fmt.Appendf(nil, aptOptions, arch, dir), 0o644))
	if err != nil {
		return nil, err
	}
	d := &debian{dir: dir, env: []string{"APT_CONFIG=" + options}}
	_, d.updated = run(dir, d.env, "apt-get", "-qq", "update")
	return d, nil
}

// ask asks apt-cache.
func (d *debian) ask(args ...string) (string, error) {
	out, err := run(d.dir, d.env, "apt-cache", args...)
	return out, d.because(err)
}

// download fetches packages.
func (d *debian) download(packages ...string) error {
	_, err := run(d.dir, d.env, "apt-get", append([]string{"-qq", "download"}, packages...)...)
	return d.because(err)
}

// downloadAll fetches packages and what they depend on.
func (d *debian) downloadAll(packages ...string) error {
	args := []string{"-qq", "install", "--yes", "--download-only", "--no-install-recommends"}
	_, err := run(d.dir, d.env, "apt-get", append(args, packages...)...)
	return d.because(err)
}

// because adds why the indexes may not have had what was asked for.
func (d *debian) because(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(d.updated, err)
}
