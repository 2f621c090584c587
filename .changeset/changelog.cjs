// How a changeset becomes lines of a CHANGELOG: its own words, as a list item. Changesets' default puts commit hashes before
// them, which a squashed branch does not have any more, and its GitHub format needs a token and the network.

/** @type {import('@changesets/types').ChangelogFunctions} */
module.exports = {
  async getReleaseLine({ summary }) {
    const [first, ...more] = summary.trim().split('\n');
    return [`- ${first}`, ...more.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
  },
  // All our packages have one version (the fixed group), so that each one's dependencies change with every release.
  async getDependencyReleaseLine() {
    return '';
  },
};
