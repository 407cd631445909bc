/** The name of the state that the main step saves for `post`: the folder with docker's logins. */
export const DOCKER_FOLDER_STATE = 'docker-folder';
